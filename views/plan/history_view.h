#pragma once

#include "views/base/view.h"

class QListWidget;

namespace planish::views {

/// The steps that can be undone, oldest first; the one the plan stands at is marked, those after it are grey. A click goes there.
class HistoryView : public View {
  Q_OBJECT

 public:
  explicit HistoryView(const Workspace& workspace, QWidget* parent = nullptr);
  QListWidget* list() const { return m_list; }

 protected:
  void refresh(Changes changes) override;

 private:
  void goTo(int step);
  QListWidget* m_list;
};

}  // namespace planish::views
