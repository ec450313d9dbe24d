#pragma once

#include "app/desktop/form.h"
#include "app/desktop/settings.h"

class QComboBox;
class QSpinBox;

namespace planish::desktop {

/// Edit > Settings: look, threads, memory, device, checksums, autosave. What is chosen holds from the next job on.
class SettingsPage : public JobPage {
  Q_OBJECT

 public:
  SettingsPage(const Settings& settings, QWidget* parent);
  Settings choice() const;

 private:
  void refresh();
  QComboBox *m_appearance, *m_device, *m_checksums;
  QSpinBox *m_threads, *m_memory, *m_autosave;
};

}  // namespace planish::desktop
