#pragma once

#include "app/desktop/step_bar.h"
#include "app/desktop/view_dock.h"

#include <QMainWindow>
#include <QSettings>

#include <map>

namespace planish::desktop {

/// The arrangements of docks, one for each step; what the user changes is kept for each. A state of another version or garbage gives the
/// default arrangement.
class Layouts {
 public:
  Layouts(QMainWindow& host, std::map<QString, ViewDock*> docks);
  void show(Step step);
  void remember();
  void reset();
  Step current() const { return m_current; }

 private:
  void arrange(Step step);
  QString key(Step step) const;
  QMainWindow& m_host;
  std::map<QString, ViewDock*> m_docks;
  Step m_current = Step::plan;
  bool m_shown = false;
};

/// Layout, recent files and window size: in the state folder; a file that is damaged counts as empty.
QSettings& state();

}  // namespace planish::desktop
