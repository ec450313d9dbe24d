#include "views/sensitivity/heat_map.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/sensitivity/heat_map_items.h"

#include <QKeyEvent>
#include <QLineSeries>
#include <QMouseEvent>
#include <QValueAxis>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace planish::views {

HeatMap::HeatMap(QWidget* parent)
    : ChartPanel(tr("Sensitivity of layers by option"), parent), m_cells(new Cells(chart())), m_scale(new Scale(chart())), m_x(new QValueAxis(this)), m_y(new QValueAxis(this)) {
  auto* carrier = new QLineSeries;  // gives the chart its coordinates
  chart()->addSeries(carrier);
  chart()->addAxis(m_x, Qt::AlignBottom);
  chart()->addAxis(m_y, Qt::AlignLeft);
  carrier->attachAxis(m_x);
  carrier->attachAxis(m_y);
  m_x->setVisible(false);
  m_y->setVisible(false);
  m_y->setReverse(true);
  view()->viewport()->installEventFilter(this);
  view()->installEventFilter(this);
  view()->setToolTipSource([this](const QPointF& value) { return toolTipAt(value); });
  setTable([this] { return table(); });
}

void HeatMap::setData(const Workspace& workspace, std::shared_ptr<const SensitivityData> data) {
  const int before = m_data ? m_data->layerCount() : 0;
  m_workspace = &workspace;
  m_data = std::move(data);
  m_cells->setSource(m_workspace, m_data);
  m_scale->setScale(m_data->scale);
  const QFontMetrics metrics(labelFont());
  chart()->setMargins(QMargins(metrics.horizontalAdvance(QString::number(std::max(10, m_data->layerCount()))) + 10, 4, static_cast<int>(Scale::width()) + 8, metrics.height() + 8));
  m_x->setRange(0, std::max(1, m_cells->columnCount()));
  if (before != m_data->layerCount() || m_bottom > m_data->layerCount()) showRows(0, m_data->layerCount());
  else showRows(m_top, m_bottom);
  if (m_layer >= m_data->layerCount() || m_option >= m_data->optionCount()) m_layer = m_option = -1;
  describe();
}

void HeatMap::refreshMarks() {
  m_cells->setFocusCell(m_layer, m_option, view()->hasFocus());
  describe();
}

void HeatMap::describe() {
  if (!m_data) return;
  QString summary = tr("%1 layers by %2 options, %3 cells measured").arg(m_data->layerCount()).arg(m_data->optionCount()).arg(m_data->measured);
  if (m_layer >= 0 && m_option >= 0)
    summary += QStringLiteral("; ") + tr("%1 with %2: %3").arg(plainName(m_workspace->network->layers.items[static_cast<std::size_t>(m_layer)].name),
                                                               QString::fromStdString(toText(m_data->options[static_cast<std::size_t>(m_option)])), m_data->text(m_data->cell(m_layer, m_option)));
  setSummary(summary);
}

void HeatMap::showRows(double top, double bottom) {
  const double all = std::max(1, m_data ? m_data->layerCount() : 1), height = std::clamp(bottom - top, std::min(8.0, all), all);
  m_top = std::clamp(top, 0.0, all - height);
  m_bottom = m_top + height;
  m_y->setRange(m_top, m_bottom);
  m_cells->setRows(m_top, m_bottom);
}

QPoint HeatMap::cellCentre(int layer, int option) const {
  const QRectF cell = m_cells->cellRect(m_data->rowOf[static_cast<std::size_t>(layer)], option);
  return view()->mapFromScene(chart()->mapToScene(cell.center()));
}

std::pair<int, int> HeatMap::cellAt(const QPointF& value) const {
  if (!m_data || m_data->order.empty()) return {-1, -1};
  const QPointF at = chart()->mapToPosition(value, chart()->series().constFirst());
  const int row = static_cast<int>(std::floor(value.y()));
  if (row < 0 || row >= m_data->layerCount() || value.y() < m_top || value.y() >= m_bottom) return {-1, -1};
  for (int column = 0; column < m_cells->columnCount(); ++column) {
    const QRectF cell = m_cells->cellRect(row, column);
    if (at.x() >= cell.left() && at.x() < cell.right()) return {m_data->order[static_cast<std::size_t>(row)], column};
  }
  return {-1, -1};
}

bool HeatMap::eventFilter(QObject* watched, QEvent* event) {
  if (!m_data) return ChartPanel::eventFilter(watched, event);
  switch (event->type()) {
    case QEvent::MouseButtonPress:
    case QEvent::MouseButtonDblClick:
    case QEvent::MouseMove:
    case QEvent::MouseButtonRelease:
      return watched == view()->viewport() && mouse(*static_cast<QMouseEvent*>(event));
    case QEvent::Wheel:
      if (watched != view()->viewport()) return false;
      wheel(*static_cast<QWheelEvent*>(event));
      return true;
    case QEvent::KeyPress: return watched == view() && key(*static_cast<QKeyEvent*>(event));
    case QEvent::FocusIn:
    case QEvent::FocusOut:
      if (watched == view()) m_cells->setFocusCell(m_layer, m_option, event->type() == QEvent::FocusIn);
      return false;
    default: return false;
  }
}

bool HeatMap::mouse(const QMouseEvent& event) {
  if (event.button() == Qt::MiddleButton) {
    m_panFrom = event.type() == QEvent::MouseButtonPress ? std::optional(event.position().y()) : std::nullopt;
    return true;
  }
  if (event.type() == QEvent::MouseMove) {
    if (!m_panFrom || chart()->plotArea().height() <= 0) return false;
    const double step = (*m_panFrom - event.position().y()) / chart()->plotArea().height() * (m_bottom - m_top);
    m_panFrom = event.position().y();
    showRows(m_top + step, m_bottom + step);
    return true;
  }
  if (event.button() != Qt::LeftButton || event.type() == QEvent::MouseButtonRelease) return false;
  const auto [layer, column] = cellAt(view()->valueAt(event.position()));
  if (layer < 0) return false;
  view()->setFocus();
  m_layer = layer;
  if (column < m_data->optionCount()) m_option = column;
  if (event.type() == QEvent::MouseButtonDblClick && column < m_data->optionCount()) Q_EMIT cellChosen(layer, column);
  else Q_EMIT layerClicked(layer, event.modifiers());
  refreshMarks();
  return true;
}

void HeatMap::wheel(const QWheelEvent& event) {
  const double height = m_bottom - m_top, notches = event.angleDelta().y() / 120.0;
  if (event.modifiers() & Qt::ShiftModifier) return showRows(m_top - notches * height * 0.15, m_bottom - notches * height * 0.15);
  const double at = std::clamp((event.position().y() - chart()->plotArea().top()) / std::max(1.0, chart()->plotArea().height()), 0.0, 1.0);
  const double wanted = std::clamp(height * std::pow(0.85, notches), std::min(8.0, static_cast<double>(m_data->layerCount())), static_cast<double>(m_data->layerCount()));
  const double top = m_top + (height - wanted) * at;
  showRows(top, top + wanted);
}

bool HeatMap::key(const QKeyEvent& event) {
  const int rows = m_data->layerCount(), options = m_data->optionCount();
  if (rows == 0 || options == 0 || event.modifiers() & Qt::ControlModifier) return false;
  int row = m_layer >= 0 ? m_data->rowOf[static_cast<std::size_t>(m_layer)] : m_workspace->current >= 0 && m_workspace->current < rows ? m_data->rowOf[static_cast<std::size_t>(m_workspace->current)] : -1;
  int option = std::max(0, m_option);
  const int page = std::max(1, static_cast<int>(m_bottom - m_top) - 1);
  switch (event.key()) {
    case Qt::Key_Down: ++row; break;
    case Qt::Key_Up: --row; break;
    case Qt::Key_PageDown: row += page; break;
    case Qt::Key_PageUp: row -= page; break;
    case Qt::Key_Home: row = 0; break;
    case Qt::Key_End: row = rows - 1; break;
    case Qt::Key_Left: --option; break;
    case Qt::Key_Right: option += m_option >= 0 ? 1 : 0; break;
    case Qt::Key_Plus: showRows((m_top * 3 + m_bottom) / 4, (m_top + m_bottom * 3) / 4); return true;
    case Qt::Key_Minus: showRows(m_top - (m_bottom - m_top) / 2, m_bottom + (m_bottom - m_top) / 2); return true;
    case Qt::Key_0: showRows(0, rows); return true;
    case Qt::Key_Return: case Qt::Key_Enter:
      if (m_layer >= 0 && m_option >= 0) Q_EMIT cellChosen(m_layer, m_option);
      return true;
    default: return false;
  }
  row = std::clamp(row, 0, rows - 1);
  m_option = std::clamp(option, 0, options - 1);
  const int layer = m_data->order[static_cast<std::size_t>(row)];
  if (row < m_top) showRows(row, row + m_bottom - m_top);
  else if (row + 1 > m_bottom) showRows(row + 1 - (m_bottom - m_top), row + 1);
  const bool moved = layer != m_layer;
  m_layer = layer;
  if (moved) Q_EMIT layerClicked(layer, event.modifiers());
  refreshMarks();
  return true;
}

QString HeatMap::toolTipAt(const QPointF& value) const {
  const auto [layer, column] = cellAt(value);
  if (layer < 0) return {};
  const auto at = static_cast<std::size_t>(layer);
  const auto& name = m_workspace->network->layers.items[at].name;
  QString tip = plainName(name);
  if (column >= m_data->optionCount()) {
    const auto& overlay = m_workspace->overlays[static_cast<std::size_t>(column - m_data->optionCount())];
    const auto found = overlay.values.find(name);
    return tip + QLatin1Char('\n') + overlay.name + QStringLiteral(": ") + (found == overlay.values.end() ? tr("no number") : numberText(found->second, 4));
  }
  const auto& cell = m_data->cell(layer, column);
  const Setting& option = m_data->options[static_cast<std::size_t>(column)];
  tip += QLatin1Char('\n') + QString::fromStdString(toText(option));
  if (const MenuItem* item = menuItem(*m_workspace, layer, option)) tip += QStringLiteral(": ") + bytesText(item->bits.bytes());
  tip += QLatin1Char('\n') + QStringLiteral("Δ") + scoreName(m_data->metric) + QLatin1Char(' ') + m_data->text(cell);
  if (!cell.refusal.isEmpty()) tip += QLatin1Char('\n') + cell.refusal;
  if (at < m_workspace->plan.layers.size() && m_workspace->plan.layers[at].setting == option) tip += QLatin1Char('\n') + tr("chosen in the plan");
  return tip;
}

ChartTable HeatMap::table() const {
  ChartTable table;
  const QString unit = m_data->unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(m_data->unit);
  table.columns = {tr("layer"), tr("setting")};
  for (const auto& option : m_data->options) {
    const QString text = QString::fromStdString(toText(option));
    table.columns.push_back(text + unit);
    table.columns.push_back(tr("%1 error").arg(text) + unit);
  }
  for (const auto& overlay : m_workspace->overlays) table.columns.push_back(overlay.name);
  for (const int layer : m_data->order) {
    const auto at = static_cast<std::size_t>(layer);
    const auto& name = m_workspace->network->layers.items[at].name;
    std::vector<QVariant> row = {QString::fromStdString(name), at < m_workspace->plan.layers.size() ? QString::fromStdString(toText(m_workspace->plan.layers[at].setting)) : QString()};
    for (int option = 0; option < m_data->optionCount(); ++option) {
      const auto& cell = m_data->cell(layer, option);
      row.push_back(cell.measured ? QVariant(cell.estimate.mean) : QVariant());
      row.push_back(cell.measured ? QVariant(cell.estimate.standardError) : QVariant());
    }
    for (const auto& overlay : m_workspace->overlays) {
      const auto found = overlay.values.find(name);
      row.push_back(found == overlay.values.end() ? QVariant() : QVariant(found->second));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace planish::views
