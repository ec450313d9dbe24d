#include "views/sensitivity/heat_map_items.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace planish::views {
namespace {

constexpr float kBroken = -1, kRefused = -2;
const float kUnmeasured = std::numeric_limits<float>::quiet_NaN();
constexpr double kOverlayGap = 0.35;  ///< in columns, between options and the user's own

/// The worse of two cells, when several share a pixel: no spike is lost.
float worse(float a, float b) {
  if (a == kBroken || b == kBroken) return kBroken;
  if (std::isnan(a)) return b;
  if (std::isnan(b)) return a;
  return std::max(a, b);
}

}  // namespace

void HeatMap::Cells::setSource(const Workspace* workspace, std::shared_ptr<const SensitivityData> data) {
  m_workspace = workspace;
  m_data = std::move(data);
  m_fraction.assign(m_data->cells.size(), kUnmeasured);
  const auto columns = m_data->options.size();
  for (std::size_t row = 0; row < m_data->order.size(); ++row)
    for (std::size_t option = 0; option < columns; ++option) {
      const auto& cell = m_data->cell(m_data->order[row], static_cast<int>(option));
      float& value = m_fraction[row * columns + option];
      if (!cell.refusal.isEmpty()) value = kRefused;
      else if (cell.measured && !std::isfinite(cell.estimate.mean)) value = kBroken;
      else if (cell.measured) value = static_cast<float>(m_data->scale.fraction(cell.estimate.mean));
    }
  update();
}

void HeatMap::Cells::setFocusCell(int layer, int option, bool visible) {
  m_focusLayer = layer;
  m_focusOption = option;
  m_focusVisible = visible;
  update();
}

void HeatMap::Cells::setRows(double top, double bottom) {
  m_top = top;
  m_bottom = bottom;
  update();
}

int HeatMap::Cells::columnCount() const { return m_data ? m_data->optionCount() + static_cast<int>(m_workspace->overlays.size()) : 0; }

QRectF HeatMap::Cells::boundingRect() const { return chart()->rect(); }

QRectF HeatMap::Cells::cellRect(double row, int column) const {
  const QRectF area = plotArea();
  const int options = m_data->optionCount();
  const double columns = std::max(1, columnCount()) + (m_workspace->overlays.empty() ? 0 : kOverlayGap);
  const double width = area.width() / columns, height = area.height() / std::max(1e-9, m_bottom - m_top);
  return {area.left() + (column + (column >= options ? kOverlayGap : 0)) * width, area.top() + (row - m_top) * height, width, height};
}

void HeatMap::Cells::paintPlot(QPainter& painter) {
  if (!m_data || m_data->order.empty() || plotArea().height() < 4) return;
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.save();
  painter.setClipRect(plotArea().adjusted(-1, -1, 1, 1));
  paintCells(painter);
  paintOverlays(painter);
  paintMarks(painter);
  painter.restore();
  painter.setClipping(false);
  paintLabels(painter);
}

QImage HeatMap::Cells::image(const Theme& theme, int first, int last, int height) const {
  const int columns = m_data->optionCount(), rows = last - first, lines = std::max(1, std::min(rows, height));
  QImage image(columns, lines, QImage::Format_ARGB32_Premultiplied);
  image.fill(Qt::transparent);
  for (int line = 0; line < lines; ++line) {
    const int from = first + static_cast<int>(static_cast<std::int64_t>(rows) * line / lines), to = std::max(from + 1, first + static_cast<int>(static_cast<std::int64_t>(rows) * (line + 1) / lines));
    for (int column = 0; column < columns; ++column) {
      float value = kUnmeasured;
      for (int row = from; row < to; ++row) {
        const float own = m_fraction[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)];
        value = row == from ? own : worse(value, own);
      }
      if (std::isnan(value)) continue;
      image.setPixelColor(column, line, value == kBroken ? theme.error : value == kRefused ? theme.referenceFaint : theme.damage(value));
    }
  }
  return image;
}

void HeatMap::Cells::paintCells(QPainter& painter) {
  const Theme& theme = Theme::of(chart()->scene()->views().value(0));
  const int options = m_data->optionCount();
  if (options == 0) return;
  const int first = std::max(0, static_cast<int>(std::floor(m_top))), last = std::min(static_cast<int>(m_data->order.size()), static_cast<int>(std::ceil(m_bottom)));
  if (last <= first) return;
  const QRectF area(cellRect(first, 0).topLeft(), cellRect(last - 1, options - 1).bottomRight());
  painter.fillRect(area, QBrush(theme.line, Qt::BDiagPattern));
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter.drawImage(area, image(theme, first, last, static_cast<int>(area.height())));
  const double height = cellRect(first, 0).height();
  painter.setPen(QPen(theme.panel, 1));
  for (int column = 1; column < options; ++column) {
    const double x = std::round(cellRect(first, column).left());
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
  }
  if (height >= 5)
    for (int row = first + 1; row < last; ++row) {
      const double y = std::round(cellRect(row, 0).top());
      painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    }
}

void HeatMap::Cells::paintOverlays(QPainter& painter) {
  const Theme& theme = Theme::of(chart()->scene()->views().value(0));
  const int rows = static_cast<int>(m_data->order.size());
  for (std::size_t o = 0; o < m_workspace->overlays.size(); ++o) {
    const auto& values = m_workspace->overlays[o].values;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto& [name, value] : values)
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    const int column = m_data->optionCount() + static_cast<int>(o);
    for (int row = std::max(0, static_cast<int>(m_top)); row < std::min(rows, static_cast<int>(std::ceil(m_bottom))); ++row) {
      const auto found = values.find(m_workspace->network->layers.items[static_cast<std::size_t>(m_data->order[static_cast<std::size_t>(row)])].name);
      if (found == values.end() || !std::isfinite(found->second)) continue;
      const QRectF cell = cellRect(row, column);
      const double share = high > low ? (found->second - low) / (high - low) : 1;
      painter.fillRect(QRectF(cell.left(), cell.top(), std::max(1.0, cell.width() * share), std::max(1.0, cell.height() - (cell.height() >= 5 ? 1 : 0))), theme.accent);
    }
  }
}

void HeatMap::Cells::paintMarks(QPainter& painter) {
  const Theme& theme = Theme::of(chart()->scene()->views().value(0));
  const int first = std::max(0, static_cast<int>(m_top)), last = std::min(static_cast<int>(m_data->order.size()), static_cast<int>(std::ceil(m_bottom)));
  const double height = cellRect(first, 0).height();
  const double right = m_data->optionCount() ? cellRect(first, m_data->optionCount() - 1).right() : plotArea().right();
  for (int row = first; row < last; ++row) {
    const int layer = m_data->order[static_cast<std::size_t>(row)];
    const QRectF line = cellRect(row, 0);
    if (m_workspace->selected(layer)) {  // a bar at the left edge and a veil's absence would hide colours: the edge alone marks the row
      painter.fillRect(QRectF(plotArea().left() - 1, line.top(), 3, std::max(1.0, height)), theme.accent);
      painter.fillRect(QRectF(right - 2, line.top(), 3, std::max(1.0, height)), theme.accent);
    }
    for (int option = 0; option < m_data->optionCount() && height >= 9; ++option)
      if (const auto& cell = m_data->cell(layer, option); cell.measured && cell.refusal.isEmpty() && !cell.onLog()) {
        painter.setPen(std::isfinite(cell.estimate.mean) ? theme.label : QColor(Qt::white));
        painter.setFont(labelFont());
        painter.drawText(cellRect(row, option), Qt::AlignCenter, std::isfinite(cell.estimate.mean) ? QStringLiteral("≤0") : QStringLiteral("×"));
      }
    const auto at = static_cast<std::size_t>(layer);
    const int chosen = at < m_workspace->plan.layers.size() ? m_data->optionOf(m_workspace->plan.layers[at].setting) : -1;
    if (chosen < 0) continue;
    const QRectF cell = cellRect(row, chosen);
    painter.setBrush(Qt::NoBrush);
    if (height >= 3.5) {
      painter.setPen(QPen(QColor(0, 0, 0, 150), 1));  // stands off pale cells
      painter.drawRect(cell.adjusted(0, -0.5, -0.5, 0.5));
      painter.setPen(QPen(theme.selectedOutline, height >= 7 ? 1.6 : 1));
      painter.drawRect(cell.adjusted(1, 0.5, -1.5, -0.5));
    } else {
      painter.fillRect(QRectF(cell.center().x() - 1, cell.top(), 2, std::max(1.0, height)), theme.selectedOutline);
    }
  }
  if (m_focusVisible && m_focusLayer >= 0 && m_focusOption >= 0 && static_cast<std::size_t>(m_focusLayer) < m_data->rowOf.size()) {
    const QRectF cell = cellRect(m_data->rowOf[static_cast<std::size_t>(m_focusLayer)], m_focusOption);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.limit, 2));
    painter.drawRect(cell.height() < 6 ? QRectF(cell.left(), cell.center().y() - 3, cell.width(), 6) : cell.adjusted(0, 0, -1, 0));
  }
}

void HeatMap::Cells::paintLabels(QPainter& painter) {
  const Theme& theme = Theme::of(chart()->scene()->views().value(0));
  painter.setFont(labelFont());
  painter.setPen(theme.label);
  const QFontMetricsF metrics(painter.font());
  const double height = cellRect(m_top, 0).height();
  const int step = std::max(1, static_cast<int>(std::ceil(metrics.height() * 1.6 / height)));
  static constexpr int kNice[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
  const int nice = *std::find_if(std::begin(kNice), std::end(kNice) - 1, [step](int n) { return n >= step; });
  for (int row = (static_cast<int>(m_top) + nice - 1) / nice * nice; row < m_bottom && row < static_cast<int>(m_data->order.size()); row += nice) {
    const double y = cellRect(row, 0).center().y();
    if (y < plotArea().top() || y > plotArea().bottom()) continue;
    painter.drawText(QRectF(0, y - metrics.height() / 2, plotArea().left() - 6, metrics.height()), Qt::AlignRight | Qt::AlignVCenter, QString::number(m_data->order[static_cast<std::size_t>(row)] + 1));
  }
  const auto nameOf = [&](int column) {
    return column < m_data->optionCount() ? QString::fromStdString(toText(m_data->options[static_cast<std::size_t>(column)]))
                                          : plainName(m_workspace->overlays[static_cast<std::size_t>(column - m_data->optionCount())].name.toStdString(), 40);
  };
  // Few long names are shortened so that each column has one; the end tells parameters apart.
  constexpr double kLegible = 56;
  bool crowded = false;
  for (int column = 1; column < columnCount(); ++column)
    crowded = crowded || (metrics.horizontalAdvance(nameOf(column - 1)) + metrics.horizontalAdvance(nameOf(column))) / 2 + 3 > cellRect(m_top, column).width();
  double free = -1e9;
  for (int column = 0; column < columnCount(); ++column) {
    const QString text = nameOf(column);
    const QRectF cell = cellRect(m_top, column);
    const bool few = columnCount() <= 6, fits = metrics.horizontalAdvance(text) <= cell.width() * 1.25;
    QString shown = text;
    if (crowded && cell.width() >= kLegible) shown = metrics.elidedText(text, Qt::ElideMiddle, cell.width() - 4);
    else if (!few && !fits) shown = metrics.elidedText(text, Qt::ElideRight, cell.width() * 1.25);
    const double width = metrics.horizontalAdvance(shown);
    if (cell.center().x() - width / 2 < free) continue;
    free = cell.center().x() + width / 2 + 3;
    painter.drawText(QRectF(cell.center().x() - width / 2 - 2, plotArea().bottom() + 4, width + 4, metrics.height()), Qt::AlignCenter, shown);
  }
}

HeatMap::Scale::Scale(QChart* chart) : QGraphicsObject(chart), m_chart(chart) {
  setAcceptedMouseButtons(Qt::NoButton);
  connect(chart, &QChart::plotAreaChanged, this, [this] {
    prepareGeometryChange();
    update();
  });
}

void HeatMap::Scale::setScale(const DamageScale& scale) {
  m_scale = scale;
  update();
}

double HeatMap::Scale::width() { return 20 + QFontMetricsF(labelFont()).horizontalAdvance(QStringLiteral("1e-4")) + 12; }

QRectF HeatMap::Scale::boundingRect() const { return m_chart->rect(); }

void HeatMap::Scale::paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget* widget) {
  if (m_scale.empty) return;
  const Theme& theme = Theme::of(widget);
  const QRectF area = m_chart->plotArea();
  const QRectF strip(area.right() + 14, area.top(), 10, area.height());
  QLinearGradient gradient(strip.bottomLeft(), strip.topLeft());
  for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, theme.damage(i / 16.0));
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setPen(Qt::NoPen);
  painter->setBrush(gradient);
  painter->drawRoundedRect(strip, 2, 2);
  painter->setPen(theme.label);
  painter->setFont(labelFont());
  const QFontMetricsF metrics(painter->font());
  const int every = std::max(1, static_cast<int>(std::ceil((m_scale.high - m_scale.low) * metrics.height() * 1.5 / std::max(1.0, strip.height()))));
  for (int power = static_cast<int>(std::ceil(m_scale.low)); power <= m_scale.high; power += every) {
    const double y = strip.bottom() - (power - m_scale.low) / (m_scale.high - m_scale.low) * strip.height();
    if (y < strip.top() + 4 || y > strip.bottom() - 2) continue;
    const QString text = power >= -2 && power <= 3 ? QString::number(std::pow(10.0, power)) : QStringLiteral("1e%1").arg(power);
    painter->drawLine(QPointF(strip.right(), y), QPointF(strip.right() + 3, y));
    painter->drawText(QRectF(strip.right() + 5, y - metrics.height() / 2, 60, metrics.height()), Qt::AlignLeft | Qt::AlignVCenter, text);
  }
}

}  // namespace planish::views
