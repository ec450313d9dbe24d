#include "views/layer/option_chart.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

constexpr double kReach = 14;  ///< pixels around a point that belong to it

/// What a setting has in common with those that differ in bits only.
Setting kindOf(Setting setting) {
  setting.bits = 0;
  return setting;
}

}  // namespace

OptionChart::OptionChart(const QString& name, QWidget* parent) : SmallChart(name, parent) {
  view()->installEventFilter(this);
  view()->viewport()->installEventFilter(this);
  setTable([this] {
    ChartTable table{{tr("setting"), tr("bits per weight"), m_unit.isEmpty() ? this->name() : QStringLiteral("%1 (%2)").arg(this->name(), m_unit),
                      tr("standard error"), tr("samples")},
                     {}};
    for (const auto& point : m_points)
      table.rows.push_back({QString::fromStdString(toText(point.setting)), point.bitsPerWeight, point.damage.mean, point.damage.standardError,
                            QVariant::fromValue<qlonglong>(point.damage.count)});
    return table;
  });
  view()->setToolTipSource([this](const QPointF& value) {
    const int point = nearest(at(value.x(), value.y()));
    return point < 0 ? QString() : describe(m_points[static_cast<std::size_t>(point)]);
  });
}

QString OptionChart::describe(const OptionPoint& point) const {
  QString text = QString::fromStdString(toText(point.setting)) + QStringLiteral("\n") + estimateText(point.damage, m_unit, point.damage.count > 0) +
                 tr("\n%1 bits per weight").arg(numberText(point.bitsPerWeight));
  if (point.setting == m_current)
    text += tr("\nthe plan's setting");
  else if (!point.legal)
    text += tr("\nthe target does not take it");
  return text;
}

void OptionChart::show(const QString& title, const QString& unit, std::vector<OptionPoint> points, const Setting& current) {
  m_unit = unit;
  m_current = current;
  const auto all = points.size();
  std::erase_if(points, [](const OptionPoint& point) { return !(point.damage.mean > 0) || !std::isfinite(point.damage.mean); });
  const auto hidden = all - points.size();
  std::stable_sort(points.begin(), points.end(), [](const OptionPoint& a, const OptionPoint& b) { return a.bitsPerWeight < b.bitsPerWeight; });
  m_points = std::move(points);
  m_cursor = -1;
  m_families.clear();
  std::vector<Setting> kinds;
  for (std::size_t i = 0; i < m_points.size(); ++i) {
    const Setting kind = kindOf(m_points[i].setting);
    const auto known = std::find(kinds.begin(), kinds.end(), kind);
    if (known == kinds.end()) m_families.emplace_back();
    m_families[static_cast<std::size_t>(known - kinds.begin())].push_back(i);
    if (known == kinds.end()) kinds.push_back(kind);
  }
  setTitle(hidden == 0 ? title : tr("%1 · %2 at or below 0").arg(title).arg(hidden));
  if (m_points.empty()) return redraw();
  m_low = 1e9;
  m_high = -1e9;
  for (const auto& point : m_points) {
    m_low = std::min(m_low, std::log10(point.damage.mean));
    m_high = std::max(m_high, std::log10(point.damage.mean + point.damage.standardError));
  }
  setYDecades(m_low - 0.1, m_high);
  m_low = std::floor(m_low - 0.1);
  const double least = m_points.front().bitsPerWeight, most = m_points.back().bitsPerWeight, margin = std::max(0.3, (most - least) * 0.06);
  setX(least - margin, most + margin, roundLabels(least, most, 6));
  setSummary(tr("%1 options from %2 to %3 bits per weight; now %4")
                 .arg(m_points.size())
                 .arg(numberText(least), numberText(most), QString::fromStdString(toText(current))));
  redraw();
}

QPointF OptionChart::positionOf(std::size_t point) const {
  return at(m_points[point].bitsPerWeight, std::log10(m_points[point].damage.mean));
}

int OptionChart::nearest(const QPointF& position) const {
  int best = -1;
  double least = kReach * kReach;
  for (std::size_t i = 0; i < m_points.size(); ++i) {
    const QPointF away = positionOf(i) - position;
    const double distance = QPointF::dotProduct(away, away) - (m_points[i].legal ? 0.01 : 0);
    if (distance >= least) continue;
    least = distance;
    best = static_cast<int>(i);
  }
  return best;
}

void OptionChart::setCursor(int point) {
  if (point == m_cursor) return;
  m_cursor = point;
  if (point >= 0) setSummary(describe(m_points[static_cast<std::size_t>(point)]).replace(u'\n', QStringLiteral(", ")));
  redraw();
}

bool OptionChart::eventFilter(QObject* watched, QEvent* event) {
  const auto choose = [this](int point) {
    if (point < 0 || !m_points[static_cast<std::size_t>(point)].legal) return;
    const Setting setting = m_points[static_cast<std::size_t>(point)].setting;  // the answer replaces the points
    if (setting != m_current) Q_EMIT chosen(setting);
  };
  switch (event->type()) {
  case QEvent::MouseMove: {
    const int point = nearest(static_cast<QMouseEvent*>(event)->position());
    setCursor(point);
    view()->viewport()->setCursor(point >= 0 && m_points[static_cast<std::size_t>(point)].legal ? Qt::PointingHandCursor : Qt::ArrowCursor);
    break;
  }
  case QEvent::Leave:
    if (watched == view()->viewport()) setCursor(-1);
    break;
  case QEvent::FocusIn:
  case QEvent::FocusOut:
    redraw();
    break;
  case QEvent::MouseButtonRelease:
    if (static_cast<QMouseEvent*>(event)->button() == Qt::LeftButton) choose(nearest(static_cast<QMouseEvent*>(event)->position()));
    break;
  case QEvent::KeyPress: {
    if (watched != view() || m_points.empty()) break;
    const int key = static_cast<QKeyEvent*>(event)->key(), last = static_cast<int>(m_points.size()) - 1;
    const auto own = std::find_if(m_points.begin(), m_points.end(), [&](const OptionPoint& point) { return point.setting == m_current; });
    const int from = m_cursor >= 0 ? m_cursor : own == m_points.end() ? 0 : static_cast<int>(own - m_points.begin());
    if (key == Qt::Key_Left || key == Qt::Key_Right)
      setCursor(std::clamp(from + (key == Qt::Key_Right ? 1 : -1), 0, last));
    else if (key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Space)
      choose(m_cursor);
    else
      break;
    return true;
  }
  default:
    break;
  }
  return SmallChart::eventFilter(watched, event);
}

void OptionChart::paintFamily(QPainter& painter, const Theme& theme, const std::vector<std::size_t>& members, bool own) {
  if (members.size() < 2) return;
  QPainterPath line;
  QPolygonF band, lower;
  for (const std::size_t i : members) {
    const auto& [mean, error, count] = m_points[i].damage;
    const QPointF point = positionOf(i);
    if (line.elementCount() == 0)
      line.moveTo(point);
    else
      line.lineTo(point);
    band << at(m_points[i].bitsPerWeight, std::log10(mean + error));
    lower << at(m_points[i].bitsPerWeight, mean > error ? std::max(std::log10(mean - error), m_low) : m_low);
  }
  if (own) {
    std::reverse(lower.begin(), lower.end());
    QColor faint = theme.accent;
    faint.setAlphaF(0.22F);
    painter.setPen(Qt::NoPen);
    painter.setBrush(faint);
    painter.drawPolygon(band + lower);
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(own ? theme.accent : theme.disabled, own ? 1.8 : 1));
  painter.drawPath(line);
}

void OptionChart::paintPoint(QPainter& painter, const Theme& theme, std::size_t i) {
  const auto& point = m_points[i];
  const bool own = kindOf(point.setting) == kindOf(m_current), now = point.setting == m_current;
  const QPointF place = positionOf(i);
  const QColor colour = !point.legal ? theme.disabled : own ? theme.accent : theme.reference;
  painter.setPen(QPen(colour, 1.2));
  painter.setBrush(point.legal ? QBrush(colour) : QBrush(theme.panel));
  painter.drawEllipse(place, 3.2, 3.2);
  painter.setBrush(Qt::NoBrush);
  if (now) {
    painter.setPen(QPen(theme.limit, 2));
    painter.drawEllipse(place, 6.5, 6.5);
  }
  if (static_cast<int>(i) == m_cursor) {
    painter.setPen(QPen(theme.text, 1.2));
    painter.drawEllipse(place, 9, 9);
  }
}

void OptionChart::paintMarks(QPainter& painter, const Theme& theme) {
  for (const auto& family : m_families)
    if (kindOf(m_points[family.front()].setting) != kindOf(m_current)) paintFamily(painter, theme, family, false);
  for (const auto& family : m_families)
    if (kindOf(m_points[family.front()].setting) == kindOf(m_current)) paintFamily(painter, theme, family, true);
  for (std::size_t i = 0; i < m_points.size(); ++i)
    paintPoint(painter, theme, i);
  if (!view()->hasFocus()) return;
  painter.setPen(QPen(theme.accent, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(plot().adjusted(-3, -3, 3, 3), space::kControlRadius, space::kControlRadius);
}

}  // namespace planish::views
