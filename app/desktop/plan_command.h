#pragma once

#include "app/desktop/document.h"

#include <QUndoCommand>

namespace planish::desktop {

/// Swaps planned layers and the plan's head. Commands of one drag merge to one step; a step that changes nothing is obsolete.
class PlanCommand : public QUndoCommand {
 public:
  using Edits = std::vector<std::pair<int, PlannedLayer>>;
  PlanCommand(Document& document, Edits before, Edits after, PlanHead headBefore, PlanHead headAfter, const QString& text, int drag);

  void undo() override;
  void redo() override;
  int id() const override { return m_drag > 0 ? m_drag : -1; }
  bool mergeWith(const QUndoCommand* other) override;
  /// The next undo removes the step for good: a drag that was given up.
  void removeOnUndo() const { m_removeOnUndo = true; }

 private:
  bool changesNothing() const;
  Document& m_document;
  Edits m_before, m_after;  ///< the same layers, ascending
  PlanHead m_headBefore, m_headAfter;
  int m_drag;
  mutable bool m_removeOnUndo = false;
};

}  // namespace planish::desktop
