#include "app/desktop/settings_page.h"

#include "core/base/error.h"
#include "core/compute/device_library.h"
#include "views/base/numbers.h"

#include <QComboBox>
#include <QFormLayout>
#include <QSpinBox>

#include <thread>

namespace planish::desktop {
namespace {

constexpr int kDevicesTried = 8;

QSpinBox* numberField(int least, int most, int value, const QString& name, const QString& zero, const QString& suffix, QWidget* parent) {
  auto* field = new QSpinBox(parent);
  field->setRange(least, most);
  field->setValue(value);
  field->setAccessibleName(name);
  field->setSuffix(suffix);
  if (!zero.isEmpty()) field->setSpecialValueText(zero);
  return field;
}

}  // namespace

SettingsPage::SettingsPage(const Settings& settings, QWidget* parent)
    : JobPage(tr("Settings"), tr("For all projects. Threads, memory and device hold from the next job on."), tr("Save"), parent), m_appearance(new QComboBox(this)),
      m_device(new QComboBox(this)), m_checksums(new QComboBox(this)) {
  m_appearance->addItems({tr("as the system"), tr("light"), tr("dark")});  // in the order of Appearance
  m_appearance->setCurrentIndex(static_cast<int>(settings.appearance));
  m_appearance->setAccessibleName(tr("Theme"));
  form()->addRow(tr("Theme"), m_appearance);
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  m_threads = numberField(0, Settings::kMostThreads, settings.threads, tr("Threads"), tr("all cores (%1)").arg(cores), {}, this);
  m_threads->setToolTip(tr("Threads that jobs compute with; results do not depend on their number"));
  form()->addRow(tr("Threads"), m_threads);
  m_memory = numberField(0, Settings::kMostMemory, settings.memoryMebibytes, tr("Memory for kept values"), tr("usual (%1)").arg(views::shortBytes(Context().memoryLimit)), tr(" MiB"), this);
  m_memory->setSingleStep(64);
  m_memory->setToolTip(tr("Jobs keep values between layers within it, and run more of the network again where they do not fit. With another limit the last digits of measured values may differ."));
  form()->addRow(tr("Memory for kept values"), m_memory);
  m_device->addItem(tr("CPU"), QStringLiteral("cpu"));
  for (int index = 0; index < kDevicesTried; ++index) {
    try {
      const auto found = describeDevice(index);
      m_device->addItem(QStringLiteral("cuda:%1 · %2").arg(index).arg(views::plainName(found.name, 60)), QStringLiteral("cuda:%1").arg(index));
    } catch (const Error& error) {
      if (index == 0) m_device->setToolTip(QString::fromStdString(error.message()).toHtmlEscaped());
      break;
    }
  }
  if (m_device->findData(QString::fromStdString(settings.device)) < 0)
    m_device->addItem(tr("%1 (not there)").arg(QString::fromStdString(settings.device)), QString::fromStdString(settings.device));
  m_device->setCurrentIndex(m_device->findData(QString::fromStdString(settings.device)));
  m_device->setAccessibleName(tr("Device"));
  form()->addRow(tr("Device"), m_device);
  m_checksums->addItems({tr("warn, and open the network"), tr("refuse the network")});
  m_checksums->setCurrentIndex(settings.refuseWrongChecksums ? 1 : 0);
  m_checksums->setAccessibleName(tr("Wrong checksums"));
  m_checksums->setToolTip(tr("Files of weights beside a network may name their checksum: what is done where it is another"));
  form()->addRow(tr("Wrong checksums"), m_checksums);
  m_autosave = numberField(1, Settings::kMostAutosave, settings.autosaveSeconds, tr("Seconds until unsaved work is copied"), {}, tr(" s"), this);
  m_autosave->setToolTip(tr("A copy of unsaved work is written so long after a change; after a crash it is offered at the next start"));
  form()->addRow(tr("Copy unsaved work after"), m_autosave);
  connect(m_memory, &QSpinBox::valueChanged, this, &SettingsPage::refresh);
  connect(m_device, &QComboBox::currentIndexChanged, this, &SettingsPage::refresh);
  refresh();
}

Settings SettingsPage::choice() const {
  Settings settings;
  settings.appearance = static_cast<Appearance>(m_appearance->currentIndex());
  settings.threads = m_threads->value();
  settings.memoryMebibytes = m_memory->value();
  settings.device = m_device->currentData().toString().toStdString();
  settings.refuseWrongChecksums = m_checksums->currentIndex() == 1;
  settings.autosaveSeconds = m_autosave->value();
  return settings;
}

void SettingsPage::refresh() {
  QStringList warnings;
  bool blocking = false;
  if (m_memory->value() > 0 && m_memory->value() < Settings::kLeastMemory) {
    warnings << tr("At least %1 MiB are needed for kept values.").arg(Settings::kLeastMemory);
    blocking = true;
  }
  if (m_device->currentData().toString() != QLatin1String("cpu")) warnings << tr("What the device cannot compute runs on the CPU; the log says what.");
  setWarnings(warnings, blocking);
}

}  // namespace planish::desktop
