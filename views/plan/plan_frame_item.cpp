#include "views/plan/plan_frame_item.h"

#include "views/base/numbers.h"

#include <QFontMetricsF>
#include <QLinearGradient>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace planish::views {
namespace {

constexpr double kScaleWidth = 96, kGap = 14;

int niceStep(double least) {
  for (int power = 1;; power *= 10)
    for (const int factor : {1, 2, 5})
      if (factor * power >= least || power > 100'000'000) return factor * power;
}

}  // namespace

double PlanFrameItem::heightAbove() { return QFontMetricsF(labelFont()).height() + 12; }
double PlanFrameItem::heightBelow() { return QFontMetricsF(labelFont()).height() + 8; }

void PlanFrameItem::paintPlot(QPainter& painter) {
  const PlanGeometry geometry(plotArea(), m_picture);
  const int count = static_cast<int>(m_picture.bars.size());
  if (count == 0 || geometry.area.width() <= 0) return;
  painter.setFont(labelFont());
  const int first = std::clamp(geometry.layerAt(geometry.area.left() + 1), 0, count - 1), last = std::clamp(geometry.layerAt(geometry.area.right() - 1), 0, count - 1);
  if (!paintNames(painter, geometry, first, last) && !paintBlocks(painter, geometry, first, last)) paintNumbers(painter, geometry, first, last);
  paintLevels(painter, geometry);
  if (m_picture.legend) paintLegend(painter, geometry);
}

void PlanFrameItem::paintLevels(QPainter& painter, const PlanGeometry& geometry) const {
  const QFontMetricsF metrics(labelFont());
  painter.setPen(m_theme->label);
  double last = geometry.area.bottom() + metrics.height();
  for (const auto& level : m_picture.levels) {
    const double y = geometry.y(level.level);
    if (last - y < metrics.height() - 2) continue;
    painter.drawText(QRectF(geometry.area.left() - 88, y - 10, 80, 20), Qt::AlignRight | Qt::AlignVCenter, level.name);
    last = y;
  }
}

void PlanFrameItem::paintNumbers(QPainter& painter, const PlanGeometry& geometry, int first, int last) const {
  const QFontMetricsF metrics(labelFont());
  const double widest = metrics.horizontalAdvance(QString::number(last + 1)) + 14;
  const int step = niceStep(widest / geometry.column());
  painter.setPen(m_theme->label);
  for (int layer = first; layer <= last; ++layer) {
    const int number = layer + 1;
    if (number % step != 0 && !(number == 1 && step > 2)) continue;
    painter.drawText(QRectF(geometry.centre(layer) - 40, geometry.area.bottom() + 4, 80, metrics.height()), Qt::AlignHCenter | Qt::AlignTop, QString::number(number));
  }
}

/// Where all names in sight fit under their bars.
bool PlanFrameItem::paintNames(QPainter& painter, const PlanGeometry& geometry, int first, int last) const {
  if (geometry.column() < 24 || static_cast<std::size_t>(last) >= m_picture.names.size()) return false;
  const QFontMetricsF metrics(labelFont());
  for (int layer = first; layer <= last; ++layer)
    if (metrics.horizontalAdvance(m_picture.names[static_cast<std::size_t>(layer)]) + 6 > geometry.column()) return false;
  painter.setPen(m_theme->label);
  for (int layer = first; layer <= last; ++layer)
    painter.drawText(QRectF(geometry.x(layer + 0.5), geometry.area.bottom() + 4, geometry.column(), metrics.height()), Qt::AlignHCenter | Qt::AlignTop,
                     m_picture.names[static_cast<std::size_t>(layer)]);
  return true;
}

/// Where most of the blocks in sight are wide enough for their names.
bool PlanFrameItem::paintBlocks(QPainter& painter, const PlanGeometry& geometry, int first, int last) const {
  if (static_cast<std::size_t>(last) >= m_picture.blocks.size()) return false;
  struct Run {
    double left, right;
    QString name;
  };
  const QFontMetricsF metrics(labelFont());
  std::vector<Run> runs;
  int fitting = 0;
  for (int layer = first; layer <= last;) {
    int end = layer;
    const QString& name = m_picture.blocks[static_cast<std::size_t>(layer)];
    while (end < last && m_picture.blocks[static_cast<std::size_t>(end + 1)] == name) ++end;
    const Run run{std::max(geometry.x(layer + 0.5), geometry.area.left()), std::min(geometry.x(end + 1.5), geometry.area.right()), name};
    if (!name.isEmpty() && metrics.horizontalAdvance(name) + 8 <= run.right - run.left) ++fitting;
    runs.push_back(run);
    if (runs.size() > 64) return false;
    layer = end + 1;
  }
  if (fitting == 0 || fitting * 10 < static_cast<int>(runs.size()) * 7) return false;
  for (const Run& run : runs) {
    painter.setPen(QPen(m_theme->line, 1));
    painter.drawLine(QPointF(run.left + 2, geometry.area.bottom() + 6), QPointF(run.right - 2, geometry.area.bottom() + 6));
    painter.setPen(m_theme->label);
    if (metrics.horizontalAdvance(run.name) + 4 <= run.right - run.left)
      painter.drawText(QRectF(run.left, geometry.area.bottom() + 7, run.right - run.left, metrics.height()), Qt::AlignHCenter | Qt::AlignTop, run.name);
  }
  return true;
}

double PlanFrameItem::paintScale(QPainter& painter, const QRectF& line) const {
  const QFontMetricsF metrics(labelFont());
  const QString low = numberText(std::pow(10.0, m_picture.scale.low), 1), high = numberText(std::pow(10.0, m_picture.scale.high), 1);
  const double lowWidth = metrics.horizontalAdvance(low), highWidth = metrics.horizontalAdvance(high), nameWidth = metrics.horizontalAdvance(m_picture.damageName);
  const double whole = nameWidth + 10 + lowWidth + 6 + kScaleWidth + 6 + highWidth;
  double x = line.right() - whole;
  const auto text = [&](const QString& what, double width) {
    painter.drawText(QRectF(x, line.top(), width + 2, line.height()), Qt::AlignVCenter | Qt::AlignLeft, what);
    x += width;
  };
  painter.setPen(m_theme->label);
  text(m_picture.damageName, nameWidth);
  x += 10;
  text(low, lowWidth);
  x += 6;
  QLinearGradient gradient(x, 0, x + kScaleWidth, 0);
  for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, m_theme->damage(i / 16.0));
  painter.setPen(Qt::NoPen);
  painter.setBrush(gradient);
  painter.drawRoundedRect(QRectF(x, line.center().y() - 4, kScaleWidth, 8), 2, 2);
  x += kScaleWidth + 6;
  painter.setPen(m_theme->label);
  text(high, highWidth);
  return whole;
}

void PlanFrameItem::paintMark(QPainter& painter, Mark mark, const QPointF& middle) const {
  switch (mark) {
    case Mark::locked: return painter.fillRect(QRectF(middle.x() - 3, middle.y() - 3, 6, 6), m_theme->accent);
    case Mark::sparsity:
      painter.setPen(QPen(m_theme->text, 1.3));
      painter.setBrush(m_theme->panel);
      return painter.drawEllipse(middle, 4, 4);
    case Mark::rank:
      painter.setPen(Qt::NoPen);
      painter.setBrush(m_theme->text);
      return painter.drawRoundedRect(QRectF(middle.x() - 6, middle.y() - 2, 12, 4), 1.5, 1.5);
    case Mark::outline: {
      QPen pen(m_theme->text, 1.2, Qt::CustomDashLine, Qt::FlatCap);
      pen.setDashPattern({2.5, 2.5});
      painter.setPen(pen);
      return painter.drawPolyline(QPolygonF({middle + QPointF(-4, 5), middle + QPointF(-4, -5), middle + QPointF(4, -5), middle + QPointF(4, 5)}));
    }
    case Mark::hatch:
      painter.fillRect(QRectF(middle.x() - 5, middle.y() - 5, 10, 10), m_theme->referenceFaint);
      return painter.fillRect(QRectF(middle.x() - 5, middle.y() - 5, 10, 10), QBrush(m_theme->label, Qt::BDiagPattern));
  }
}

void PlanFrameItem::paintLegend(QPainter& painter, const PlanGeometry& geometry) const {
  const QFontMetricsF metrics(labelFont());
  const QRectF line(geometry.area.left(), geometry.area.top() - heightAbove(), geometry.area.width(), metrics.height() + 2);
  double room = line.width();
  if (!m_picture.scale.empty && room > kScaleWidth + 150) room -= paintScale(painter, line) + kGap;
  const std::array<std::tuple<bool, Mark, QString>, 5> entries = {{{m_picture.differs, Mark::outline, m_picture.ghostName},
                                                                   {m_picture.locked, Mark::locked, tr("locked")},
                                                                   {m_picture.unmeasured, Mark::hatch, tr("not measured")},
                                                                   {m_picture.pruned, Mark::sparsity, tr("sparsity")},
                                                                   {m_picture.lowRank, Mark::rank, tr("rank")}}};
  double x = line.left();
  for (const auto& [shown, mark, name] : entries) {
    const double width = 16 + metrics.horizontalAdvance(name) + kGap;
    if (!shown || x - line.left() + width > room) continue;
    paintMark(painter, mark, QPointF(x + 6, line.center().y()));
    painter.setPen(m_theme->label);
    painter.drawText(QRectF(x + 16, line.top(), width, line.height()), Qt::AlignVCenter | Qt::AlignLeft, name);
    x += width;
  }
}

}  // namespace planish::views
