#include "views/layer/channel_chart.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace planish::views {

ChannelChart::ChannelChart(QWidget* parent) : SmallChart(tr("Range of each channel"), parent) {
  setTable([this] {
    ChartTable table{{tr("channel"), tr("smallest weight"), tr("largest weight"), tr("relative error")}, {}};
    if (m_inspection)
      for (std::size_t i = 0; i < m_inspection->channelMinimum.size(); ++i)
        table.rows.push_back({static_cast<int>(i), static_cast<double>(m_inspection->channelMinimum[i]),
                              static_cast<double>(m_inspection->channelMaximum[i]), static_cast<double>(m_inspection->channelError[i])});
    return table;
  });
  view()->setToolTipSource([this](const QPointF& value) -> QString {
    const int count = m_inspection ? static_cast<int>(m_inspection->channelMinimum.size()) : 0;
    const int channel = static_cast<int>(std::floor(value.x() + 0.5));
    return channel < 0 || channel >= count ? QString() : describe(channel);
  });
}

QString ChannelChart::describe(int channel) const {
  const auto i = static_cast<std::size_t>(channel);
  QString text = tr("channel %1: %2 … %3").arg(channel).arg(numberText(m_inspection->channelMinimum[i]), numberText(m_inspection->channelMaximum[i]));
  if (m_inspection->channelError[i] > 0) text += tr("\nrelative error %1").arg(numberText(m_inspection->channelError[i]));
  return channel == m_worst ? text + tr("\nthe largest error of all channels") : text;
}

void ChannelChart::show(std::shared_ptr<const LayerInspection> inspection) {
  m_inspection = std::move(inspection);
  m_worst = -1;
  if (!m_inspection || m_inspection->channelMinimum.empty()) {
    setTitle(tr("range of each channel"));
    return redraw();
  }
  const auto& error = m_inspection->channelError;
  const auto worst = std::max_element(error.begin(), error.end());
  if (worst != error.end() && *worst > 0) m_worst = static_cast<int>(worst - error.begin());
  const double low = *std::min_element(m_inspection->channelMinimum.begin(), m_inspection->channelMinimum.end());
  const double high = *std::max_element(m_inspection->channelMaximum.begin(), m_inspection->channelMaximum.end());
  const auto count = static_cast<double>(m_inspection->channelMinimum.size());
  setTitle(m_worst < 0 ? tr("range of each channel") : tr("range of each channel, worst: %1").arg(m_worst));
  setSummary(tr("%1 channels, weights from %2 to %3").arg(count).arg(numberText(low), numberText(high)) +
             (m_worst < 0 ? QString() : QStringLiteral("; ") + describe(m_worst)));
  Labels channels;
  for (const auto& [value, text] : roundLabels(0, count - 1, 4))
    if (value == std::floor(value)) channels.emplace_back(value, QString::number(static_cast<int>(value)));
  setX(-0.5, std::max(count - 0.5, 0.5), channels);
  const double margin = std::max((high - low) * 0.04, 1e-12);
  setY(low - margin, high + margin, roundLabels(low, high, 3));
  redraw();
}

void ChannelChart::paintMarks(QPainter& painter, const Theme& theme) {
  if (!m_inspection || m_inspection->channelMinimum.empty()) return;
  const auto count = static_cast<int>(m_inspection->channelMinimum.size());
  const double step = plot().width() / count;
  const int together = std::max(1, static_cast<int>(std::ceil(1.5 / step)));
  const double width = std::max(1.0, std::floor(step * together * (step > 3 ? 0.75 : 1)));
  const auto bar = [&](int from, int to, const QColor& colour, double wide) {
    float low = m_inspection->channelMinimum[static_cast<std::size_t>(from)], high = m_inspection->channelMaximum[static_cast<std::size_t>(from)];
    for (int i = from + 1; i < to; ++i) {
      low = std::min(low, m_inspection->channelMinimum[static_cast<std::size_t>(i)]);
      high = std::max(high, m_inspection->channelMaximum[static_cast<std::size_t>(i)]);
    }
    const QPointF top = at((from + to - 1) / 2.0, high), bottom = at(0, low);
    painter.fillRect(QRectF(std::round(top.x() - wide / 2), std::round(top.y()), wide, std::max(1.0, std::round(bottom.y() - top.y()))), colour);
  };
  painter.setRenderHint(QPainter::Antialiasing, false);
  for (int i = 0; i < count; i += together)
    bar(i, std::min(count, i + together), theme.accent, width);
  if (m_worst >= 0) bar(m_worst, m_worst + 1, theme.limit, std::max(width, 3.0));
  const double zero = std::round(at(0, 0).y()) + 0.5;
  painter.setPen(QPen(theme.reference, 1));
  if (plot().top() <= zero && zero <= plot().bottom()) painter.drawLine(QPointF(plot().left(), zero), QPointF(plot().right(), zero));
}

SpectrumChart::SpectrumChart(QWidget* parent) : SmallChart(tr("Singular values"), parent) {
  setTable([this] {
    ChartTable table{{tr("number"), tr("singular value"), tr("share of the squares so far")}, {}};
    if (m_inspection)
      for (std::size_t i = 0; i < m_inspection->singularValues.size(); ++i)
        table.rows.push_back({static_cast<int>(i + 1), m_inspection->singularValues[i], m_share[i]});
    return table;
  });
  view()->setToolTipSource([this](const QPointF& value) -> QString {
    const int number = static_cast<int>(std::lround(value.x()));
    if (!m_inspection || number < 1 || number > static_cast<int>(m_share.size())) return {};
    const auto i = static_cast<std::size_t>(number - 1);
    return tr("%1 of %2: %3\nthe first %1 hold %4 % of the squares")
        .arg(number)
        .arg(m_share.size())
        .arg(numberText(m_inspection->singularValues[i]), numberText(100 * m_share[i], 4));
  });
}

void SpectrumChart::show(std::shared_ptr<const LayerInspection> inspection, int rank) {
  m_inspection = std::move(inspection);
  m_rank = rank;
  m_share.clear();
  if (!m_inspection || m_inspection->singularValues.empty()) {
    setTitle(tr("singular values"));
    return redraw();
  }
  const auto& values = m_inspection->singularValues;
  double sum = 0, so_far = 0;
  for (const double value : values)
    sum += value * value;
  for (const double value : values) {
    so_far += value * value;
    m_share.push_back(sum > 0 ? so_far / sum : 1);
  }
  const auto most = std::find_if(m_share.begin(), m_share.end(), [](double share) { return share >= 0.9; }) - m_share.begin() + 1;
  QString part;
  for (const auto& note : m_inspection->notes)
    if (note.starts_with("singular values:")) part = tr(" (the largest only)");
  setTitle(part.isEmpty() ? tr("singular values, %1 of %2 hold 90 %").arg(most).arg(values.size())
                          : tr("singular values, largest %1").arg(values.size()));
  setSummary(tr("%1 singular values%2 from %3 to %4; the first %5 hold 90 % of the squares")
                 .arg(values.size())
                 .arg(part, numberText(values.front()), numberText(values.back()))
                 .arg(most));
  const double high = std::log10(std::max(values.front(), 1e-30));
  double low = high - 1;
  for (const double value : values)
    if (value > 0) low = std::min(low, std::log10(value));
  m_low = std::floor(std::max(low, high - 7));
  setYDecades(m_low, high);
  Labels labels;
  for (const auto& [value, text] : roundLabels(1, static_cast<double>(values.size()), 4))
    if (value == std::floor(value) && value >= 1) labels.emplace_back(value, QString::number(static_cast<int>(value)));
  setX(0.5, static_cast<double>(values.size()) + 0.5, labels);
  redraw();
}

void SpectrumChart::paintMarks(QPainter& painter, const Theme& theme) {
  if (!m_inspection || m_inspection->singularValues.empty()) return;
  const auto& values = m_inspection->singularValues;
  QPainterPath line;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const QPointF point = at(static_cast<double>(i + 1), values[i] > 0 ? std::max(std::log10(values[i]), m_low) : m_low);
    if (i == 0)
      line.moveTo(point);
    else
      line.lineTo(point);
  }
  if (m_rank > 0) {
    const double x = at(m_rank + 0.5, 0).x();
    painter.fillRect(QRectF(QPointF(x, plot().top()), plot().bottomRight()), theme.referenceFaint);
    painter.setPen(QPen(theme.accent, 1, Qt::DashLine));
    painter.drawLine(QPointF(x, plot().top()), QPointF(x, plot().bottom()));
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.accent, 1.6));
  painter.drawPath(line);
}

}  // namespace planish::views
