#include "views/layer/histogram_chart.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace planish::views {
namespace {

using Histogram = LayerInspection::Histogram;

double binLow(const Histogram& histogram, std::size_t bin) {
  return histogram.low + (histogram.high - histogram.low) * static_cast<double>(bin) / static_cast<double>(histogram.counts.size());
}

/// Bars that stand on the lower edge of `area`; a bin that holds anything is at least a hair line high.
void paintBars(QPainter& painter, const Histogram& histogram, const QRectF& area, const QColor& colour, const std::function<double(double)>& place) {
  if (histogram.counts.empty()) return;
  const auto most = static_cast<double>(*std::max_element(histogram.counts.begin(), histogram.counts.end()));
  painter.setPen(Qt::NoPen);
  painter.setBrush(colour);
  painter.setRenderHint(QPainter::Antialiasing, false);
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    if (histogram.counts[i] == 0) continue;
    const double left = std::round(place(binLow(histogram, i))), right = std::round(place(binLow(histogram, i + 1)));
    const double height = std::max(1.0, std::round(area.height() * static_cast<double>(histogram.counts[i]) / most));
    painter.drawRect(QRectF(left, std::round(area.bottom()) - height, std::max(1.0, right - left - (right - left > 3 ? 1 : 0)), height));
  }
  painter.setRenderHint(QPainter::Antialiasing);
}

std::int64_t total(const Histogram& histogram) {
  return std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::int64_t{0});
}

/// Place of a value's bin, -1 outside.
int binAt(const Histogram& histogram, double value) {
  if (histogram.counts.empty() || value < histogram.low || value > histogram.high || histogram.high <= histogram.low) return -1;
  const auto bin = static_cast<int>((value - histogram.low) / (histogram.high - histogram.low) * static_cast<double>(histogram.counts.size()));
  return std::min(bin, static_cast<int>(histogram.counts.size()) - 1);
}

QString binText(const Histogram& histogram, int bin) {
  const auto at = static_cast<std::size_t>(bin);
  return QStringLiteral("%1 … %2").arg(numberText(binLow(histogram, at)), numberText(binLow(histogram, at + 1)));
}

}  // namespace

WeightsChart::WeightsChart(QWidget* parent) : SmallChart(tr("Weights before and after"), parent) {
  setTable([this] { return table(); });
  view()->setToolTipSource([this](const QPointF& value) -> QString {
    if (!m_inspection) return {};
    const int bin = binAt(m_inspection->weightsBefore, value.x());
    if (bin < 0) return {};
    const auto at = static_cast<std::size_t>(bin);
    return tr("%1\nbefore: %2 weights\nafter: %3 weights")
        .arg(binText(m_inspection->weightsBefore, bin))
        .arg(m_inspection->weightsBefore.counts[at])
        .arg(m_inspection->weightsAfter.counts[at]);
  });
}

void WeightsChart::show(std::shared_ptr<const LayerInspection> inspection) {
  m_inspection = std::move(inspection);
  if (!m_inspection) return setTitle(tr("weights"));
  const auto& after = m_inspection->weightsAfter;
  const QString setting = QString::fromStdString(toText(m_inspection->setting));
  const QString used = after.levels > 0         ? (after.levels == 1 ? tr("1 level used") : tr("%1 levels used").arg(after.levels))
                       : after.distinct >= 4096 ? tr("over 4 095 values")
                                                : (after.distinct == 1 ? tr("1 value") : tr("%1 values").arg(after.distinct));
  const QString title = m_inspection->setting.isKeep() ? tr("weights, kept as they are") : tr("weights, original over %1 (%2)").arg(setting, used);
  setTitle(title);
  setSummary(tr("%1 weights from %2 to %3; %4").arg(total(after)).arg(numberText(after.low), numberText(after.high), title));
  const double margin = std::max((after.high - after.low) * 0.02, 1e-12);
  setX(after.low - margin, after.high + margin, roundLabels(after.low, after.high, 4));
  setY(0, 2, {});
  redraw();
}

void WeightsChart::paintMarks(QPainter& painter, const Theme& theme) {
  if (!m_inspection) return;
  const QRectF area = plot();
  const double gap = 6, half = (area.height() - gap) / 2;
  const auto place = [this](double x) { return at(x, 0).x(); };
  const QRectF upper(area.left(), area.top(), area.width(), half), lower(area.left(), area.bottom() - half, area.width(), half);
  paintBars(painter, m_inspection->weightsBefore, upper, theme.reference, place);
  paintBars(painter, m_inspection->weightsAfter, lower, theme.accent, place);
  painter.setPen(QPen(theme.line, 1));
  for (const QRectF& part : {upper, lower})
    painter.drawLine(QPointF(area.left(), std::round(part.bottom()) + 0.5), QPointF(area.right(), std::round(part.bottom()) + 0.5));
}

ChartTable WeightsChart::table() const {
  ChartTable table{{tr("from"), tr("to"), tr("before (weights)"), tr("after (weights)")}, {}};
  if (!m_inspection) return table;
  const auto& before = m_inspection->weightsBefore;
  for (std::size_t i = 0; i < before.counts.size(); ++i)
    table.rows.push_back({binLow(before, i), binLow(before, i + 1), QVariant::fromValue<qlonglong>(before.counts[i]),
                          QVariant::fromValue<qlonglong>(m_inspection->weightsAfter.counts[i])});
  return table;
}

InputChart::InputChart(QWidget* parent) : SmallChart(tr("Input of the layer"), parent) {
  setTable([this] {
    ChartTable table{{tr("from"), tr("to"), tr("values")}, {}};
    if (m_inspection && m_inspection->input)
      for (std::size_t i = 0; i < m_inspection->input->counts.size(); ++i)
        table.rows.push_back(
            {binLow(*m_inspection->input, i), binLow(*m_inspection->input, i + 1), QVariant::fromValue<qlonglong>(m_inspection->input->counts[i])});
    return table;
  });
  view()->setToolTipSource([this](const QPointF& value) -> QString {
    if (!m_inspection || !m_inspection->input) return {};
    const int bin = binAt(*m_inspection->input, value.x());
    return bin < 0 ? QString()
                   : tr("%1\n%2 values of %3 samples")
                         .arg(binText(*m_inspection->input, bin))
                         .arg(m_inspection->input->counts[static_cast<std::size_t>(bin)])
                         .arg(m_inspection->inputSamples);
  });
}

void InputChart::show(std::shared_ptr<const LayerInspection> inspection) {
  m_inspection = std::move(inspection);
  const bool empty = !m_inspection || !m_inspection->input || m_inspection->input->counts.empty();
  setTitle(empty ? tr("input of the layer") : tr("input on %1 samples, log count").arg(m_inspection->inputSamples));
  setEmptyText(m_inspection && empty ? tr("Choose calibration data to see what goes into this layer") : QString());
  if (empty) return redraw();
  const auto& input = *m_inspection->input;
  setSummary(tr("values from %1 to %2").arg(numberText(input.low), numberText(input.high)));
  const double margin = std::max((input.high - input.low) * 0.02, 1e-12);
  setX(input.low - margin, input.high + margin, roundLabels(input.low, input.high, 4));
  setY(0, 1, {});
  redraw();
}

void InputChart::paintMarks(QPainter& painter, const Theme& theme) {
  if (!m_inspection || !m_inspection->input) return;
  Histogram logarithmic = *m_inspection->input;  // activations behind a ReLU are mostly 0: a linear scale would show one bar
  for (auto& count : logarithmic.counts)
    count = count > 0 ? static_cast<std::int64_t>(1000 * std::log2(1 + static_cast<double>(count))) : 0;
  const QRectF area = plot();
  paintBars(painter, logarithmic, area, theme.reference, [this](double x) { return at(x, 0).x(); });
  painter.setPen(QPen(theme.line, 1));
  painter.drawLine(QPointF(area.left(), std::round(area.bottom()) + 0.5), QPointF(area.right(), std::round(area.bottom()) + 0.5));
}

}  // namespace planish::views
