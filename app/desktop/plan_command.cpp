#include "app/desktop/plan_command.h"

#include <algorithm>

namespace planish::desktop {

PlanCommand::PlanCommand(Document& document, Edits before, Edits after, PlanHead headBefore, PlanHead headAfter, const QString& text, int drag)
    : QUndoCommand(text), m_document(document), m_before(std::move(before)), m_after(std::move(after)), m_headBefore(std::move(headBefore)),
      m_headAfter(std::move(headAfter)), m_drag(drag) {}

void PlanCommand::undo() {
  m_document.apply(m_before, m_headBefore);
  if (m_removeOnUndo) setObsolete(true);
}

void PlanCommand::redo() { m_document.apply(m_after, m_headAfter); }

bool PlanCommand::mergeWith(const QUndoCommand* other) {
  const auto& next = static_cast<const PlanCommand&>(*other);
  const auto has = [](const Edits& edits, int layer) {
    return std::find_if(edits.begin(), edits.end(), [&](const auto& edit) { return edit.first == layer; });
  };
  for (std::size_t i = 0; i < next.m_after.size(); ++i) {
    const int layer = next.m_after[i].first;
    if (const auto mine = has(m_after, layer); mine != m_after.end()) {
      m_after[static_cast<std::size_t>(mine - m_after.begin())].second = next.m_after[i].second;
    } else {
      m_before.push_back(next.m_before[i]);
      m_after.push_back(next.m_after[i]);
    }
  }
  m_headAfter = next.m_headAfter;
  setText(next.text());
  setObsolete(changesNothing());
  return true;
}

bool PlanCommand::changesNothing() const {
  if (!(m_headBefore == m_headAfter)) return false;
  for (std::size_t i = 0; i < m_before.size(); ++i)
    if (!(m_before[i].second == m_after[i].second)) return false;
  return true;
}

}  // namespace planish::desktop
