#pragma once

#include "views/base/view.h"

#include <QDockWidget>

class QLabel;

namespace planish::desktop {

/// A dock that looks like a panel: title, the view's grey hint, and the view, in one rounded frame.
class ViewDock : public QDockWidget {
  Q_OBJECT

 public:
  ViewDock(views::View* view, QWidget* parent);
  views::View* view() const { return m_view; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  views::View* m_view;
};

}  // namespace planish::desktop
