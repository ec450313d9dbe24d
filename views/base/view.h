#pragma once

#include "views/base/request.h"
#include "views/base/workspace.h"

#include <QWidget>

namespace planish::views {

/// One view of the workspace, shown in a dock. Shows values and emits requests; hidden views postpone their refresh.
class View : public QWidget {
  Q_OBJECT

 public:
  /// `id`: stable, for layouts and tests ("plan"); `title`: what people read.
  View(const Workspace& workspace, const QString& id, const QString& title, QWidget* parent = nullptr);

  const QString& id() const { return m_id; }
  const QString& title() const { return m_title; }
  const QString& hint() const { return m_hint; }

  /// Something changed: refreshes now if it can be seen, else when it is shown again.
  void note(Changes changes);
  /// The same in a later turn of the event loop: views refresh one after another, each in a turn of its own, so that no turn takes long.
  void noteSoon(Changes changes);

 Q_SIGNALS:
  void requested(const planish::views::Request& request);
  /// One grey line beside the title: what can be done here, or what is shown.
  void hintChanged(const QString& hint);

 protected:
  /// Takes over what changed. Called once with all changes before the first paint.
  virtual void refresh(Changes changes) = 0;
  const Workspace& workspace() const { return m_workspace; }
  void setHint(const QString& hint);
  void showEvent(QShowEvent* event) override;

 private:
  friend class RefreshQueue;
  void refreshPending();
  const Workspace& m_workspace;
  QString m_id, m_title, m_hint;
  Changes m_pending;
  bool m_covered = false;  ///< shown with values of old: nothing is painted until it is refreshed
};

}  // namespace planish::views
