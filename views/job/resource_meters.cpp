#include "views/job/resource_meters.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/job/job_text.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace planish::views {
namespace {

using Meter = ResourceMeters::Meter;

/// "412 MiB of 1.2 GiB": now or used, of what was expected.
Meter bytesMeter(const QString& name, std::int64_t now, std::int64_t most, std::int64_t expected) {
  Meter meter;
  meter.name = name;
  meter.value = expected >= 0 ? ResourceMeters::tr("%1 of %2").arg(shortBytes(now), shortBytes(expected)) : shortBytes(now);
  const auto whole = static_cast<double>(std::max<std::int64_t>(1, expected >= 0 ? expected : most));
  meter.fraction = static_cast<double>(now) / whole;
  meter.over = expected >= 0 && now > expected;
  meter.help = ResourceMeters::tr("%1: %2 now, %3 at the most%4").arg(name, bytesText({now}), bytesText({most}),
                                                      expected >= 0 ? ResourceMeters::tr(", %1 expected").arg(bytesText({expected})) : QString());
  return meter;
}

void addTime(std::vector<Meter>& meters, const JobState& job) {
  if (job.expected.seconds < 0 && !job.over()) return;
  const double seconds = job.over() && job.used.seconds >= 0 ? job.used.seconds : job.seconds;
  Meter meter;
  meter.name = ResourceMeters::tr("Time");
  meter.value = job.expected.seconds >= 0 ? ResourceMeters::tr("%1 of ~%2").arg(durationText(seconds), durationText(job.expected.seconds)) : durationText(seconds);
  meter.fraction = job.expected.seconds > 0 ? seconds / job.expected.seconds : 1;
  meter.over = job.expected.seconds >= 0 && seconds > job.expected.seconds;
  meter.help = ResourceMeters::tr("Seconds: %1, expected %2").arg(numberText(seconds), job.expected.seconds >= 0 ? numberText(job.expected.seconds) : ResourceMeters::tr("unknown"));
  meters.push_back(meter);
}

}  // namespace

ResourceMeters::ResourceMeters(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Resources of the job"));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Expanding);
}

void ResourceMeters::show(const JobState& job) {
  m_meters.clear();
  std::int64_t now = -1, most = -1, device = -1, mostDevice = -1;
  double speed = 0, fastest = 0;
  for (const auto& sample : job.resources) {
    now = sample.residentBytes;
    most = std::max(most, now);
    device = sample.deviceBytes;
    mostDevice = std::max(mostDevice, device);
    speed = sample.perSecond;
    fastest = std::max(fastest, speed);
  }
  if (job.over()) {
    now = std::max(most, job.used.memoryBytes);
    device = mostDevice;
  }
  if (now >= 0) m_meters.push_back(bytesMeter(job.over() ? tr("Memory, at the most") : tr("Memory"), now, std::max(most, now), job.expected.memoryBytes));
  else if (job.expected.memoryBytes >= 0) m_meters.push_back(bytesMeter(tr("Memory"), 0, 0, job.expected.memoryBytes));
  if (device >= 0) m_meters.push_back(bytesMeter(job.over() ? tr("Device memory, at the most") : tr("Device memory"), device, mostDevice, -1));
  if (job.over()) speed = fastest;
  if (fastest > 0) m_meters.push_back({job.over() ? tr("Throughput, at the most") : tr("Throughput"), numberText(speed) + QLatin1Char(' ') + throughputUnit(job.kind), speed / fastest, false,
                                        tr("At the most %1 %2").arg(numberText(fastest), throughputUnit(job.kind))});
  addTime(m_meters, job);
  if (job.used.diskBytes >= 0) m_meters.push_back(bytesMeter(tr("Disk"), job.used.diskBytes, job.used.diskBytes, job.expected.diskBytes));
  else if (job.expected.diskBytes >= 0) m_meters.push_back({tr("Disk"), tr("~%1").arg(shortBytes(job.expected.diskBytes)), 0, false, bytesText({job.expected.diskBytes})});
  if (job.used.outputBytes >= 0) m_meters.push_back(bytesMeter(tr("Output"), job.used.outputBytes, job.used.outputBytes, job.expected.outputBytes));
  else if (job.expected.outputBytes >= 0) m_meters.push_back({tr("Output"), tr("~%1").arg(shortBytes(job.expected.outputBytes)), 0, false, bytesText({job.expected.outputBytes})});
  QString summary;
  for (const auto& meter : m_meters) summary += meter.name + QLatin1String(": ") + meter.value + QLatin1String(". ");
  setAccessibleDescription(summary.trimmed());
  update();
}

int ResourceMeters::rowHeight() const {
  const int wanted = QFontMetrics(labelFont()).height() + 22;
  const int count = std::max(1, static_cast<int>(m_meters.size()));
  return std::min(wanted, std::max(QFontMetrics(labelFont()).height() + 8, height() / count));
}

QSize ResourceMeters::minimumSizeHint() const { return {QFontMetrics(labelFont()).averageCharWidth() * 30, 40}; }

void ResourceMeters::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const int row = rowHeight();
  int y = 0;
  for (const auto& meter : m_meters) {
    if (y + row > height() + 4) break;
    painter.setFont(digitFont());
    const QFontMetrics digits(painter.font());
    const int valueWidth = std::min(width(), digits.horizontalAdvance(meter.value) + 2);
    const int line = std::max(digits.height(), QFontMetrics(labelFont()).height());
    painter.setPen(meter.over ? theme.limit : theme.text);
    painter.drawText(QRect(width() - valueWidth, y, valueWidth, line), Qt::AlignRight | Qt::AlignVCenter, meter.value);
    painter.setFont(labelFont());
    painter.setPen(theme.label);
    const int room = width() - valueWidth - space::k8;
    painter.drawText(QRect(0, y, room, line), Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(meter.name, Qt::ElideRight, room));
    const QRectF groove(0, y + line + 3, width(), 4);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.line);
    painter.drawRoundedRect(groove, 2, 2);
    painter.setBrush(meter.over ? theme.limit : theme.accent);
    const double filled = std::clamp(meter.fraction, 0.0, 1.0) * groove.width();
    if (filled > 0) painter.drawRoundedRect(QRectF(groove.left(), groove.top(), std::max(4.0, filled), groove.height()), 2, 2);
    y += row;
  }
}

bool ResourceMeters::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto index = static_cast<std::size_t>(help->pos().y() / rowHeight());
    if (index < m_meters.size()) QToolTip::showText(help->globalPos(), m_meters[index].help, this);
    else QToolTip::hideText();
    return true;
  }
  return QWidget::event(event);
}

}  // namespace planish::views
