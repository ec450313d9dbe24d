#include "views/tradeoff/tradeoff_chart.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/charts/axes.h"
#include "views/charts/plot_item.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <functional>

namespace planish::views {
namespace {

constexpr double kReach = 14;

class Ink : public PlotItem {
 public:
  Ink(QChart* chart, std::function<void(QPainter&)> paint) : PlotItem(chart), m_paint(std::move(paint)) {}

 protected:
  void paintPlot(QPainter& painter) override { m_paint(painter); }

 private:
  std::function<void(QPainter&)> m_paint;
};

/// Steps of 1, 2 or 5.
std::vector<std::pair<double, QString>> labelsOf(double low, double high, int count, const std::function<QString(double)>& text) {
  const double rough = std::max(high - low, 1e-12) / count, power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) {
      step = factor * power;
      break;
    }
  std::vector<std::pair<double, QString>> labels;
  for (double value = std::ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step)
    labels.emplace_back(value, text(std::abs(value) < step * 1e-6 ? 0 : value));
  return labels;
}

double factorOf(const std::string& score) {
  return scoreUnit(score) == QLatin1String("%") ? 100 : 1;
}

}  // namespace

TradeOffChart::TradeOffChart(QWidget* parent)
    : ChartPanel(tr("Size against loss"), parent), m_x(new QCategoryAxis(this)), m_y(new QCategoryAxis(this)), m_series(new QScatterSeries(this)) {
  chart()->addSeries(m_series);
  for (auto* axis : {m_x, m_y}) {
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setLineVisible(false);
    chart()->addAxis(axis, axis == m_x ? Qt::AlignBottom : Qt::AlignLeft);
    m_series->attachAxis(axis);
  }
  m_x->setGridLineVisible(false);
  m_ink = new Ink(chart(), [this](QPainter& painter) { paint(painter); });
  chart()->setMargins(QMargins(2, 8, 7, 2));  // labels and marks at the edges are seen whole
  applyTheme(*chart(), Theme::of(this));
  connect(view(), &ChartView::themeChanged, this, [this] { m_ink->update(); });
  view()->installEventFilter(this);
  view()->viewport()->installEventFilter(this);
  view()->setToolTipSource([this](const QPointF& value) {
    const int mark = nearest(at(value.x(), value.y()));
    return mark < 0 ? QString() : describe(m_content.points[static_cast<std::size_t>(m_marks[static_cast<std::size_t>(mark)].point)]);
  });
  setTable([this] { return table(); });
}

QPointF TradeOffChart::at(double x, double y) const {
  return chart()->mapToPosition(QPointF(x, y), m_series);
}

double TradeOffChart::xOf(const PlanPoint& point) const {
  return m_content.bytes ? static_cast<double>(point.bytes.count) : point.bitsPerWeight;
}

void TradeOffChart::show(Content content) {
  std::string at = m_cursor >= 0 ? m_content.points[static_cast<std::size_t>(m_marks[static_cast<std::size_t>(m_cursor)].point)].key : std::string();
  m_content = std::move(content);
  makeMarks();
  makeAxes();
  m_cursor = -1;
  for (std::size_t i = 0; i < m_marks.size(); ++i)
    if (!at.empty() && m_content.points[static_cast<std::size_t>(m_marks[i].point)].key == at) m_cursor = static_cast<int>(i);
  m_ink->update();
}

void TradeOffChart::makeMarks() {
  m_marks.clear();
  m_hidden = 0;
  const auto scale = [](double value) { return std::log10(value); };
  for (std::size_t i = 0; i < m_content.points.size(); ++i) {
    const PlanPoint& point = m_content.points[i];
    const auto measured = point.measured.find(m_content.loss.empty() ? m_content.metric : m_content.loss);
    Mark mark;
    mark.point = static_cast<int>(i);
    mark.x = xOf(point);
    mark.filled = measured != point.measured.end();
    if (!logarithmic()) {
      if (!mark.filled) continue;
      const double factor = factorOf(m_content.loss);
      mark.y = measured->second.mean * factor;
      mark.low = mark.y - measured->second.standardError * factor;
      mark.high = mark.y + measured->second.standardError * factor;
    } else {
      const Estimate& value = mark.filled ? measured->second : point.predicted;
      if (!(value.mean > 0) || !std::isfinite(value.mean)) {
        ++m_hidden;
        continue;
      }
      mark.y = scale(value.mean);
      mark.high = scale(value.mean + value.standardError);
      mark.low = value.mean > value.standardError ? scale(value.mean - value.standardError) : mark.y - 1;
      if (mark.filled && point.predicted.mean > 0) mark.predictedY = scale(point.predicted.mean);
    }
    m_marks.push_back(mark);
  }
  std::stable_sort(m_marks.begin(), m_marks.end(), [](const Mark& a, const Mark& b) { return a.x < b.x; });
}

void TradeOffChart::makeAxes() {
  const QString loss = m_content.loss.empty() ? tr("damage, %1").arg(scoreName(m_content.metric)) : tr("change of %1").arg(scoreName(m_content.loss));
  const QString unit = m_content.loss.empty() ? QString::fromStdString(m_content.unit) : scoreUnit(m_content.loss);
  QString caption = (unit.isEmpty() ? loss : QStringLiteral("%1 (%2)").arg(loss, unit)) +
                    tr(" against %1").arg(m_content.bytes ? tr("bytes of the weights") : tr("bits per weight"));
  if (m_hidden > 0) caption += tr(" · %1 at or below 0 not shown").arg(m_hidden);
  view()->setAccessibleName(caption);
  if (m_marks.empty()) return;
  double left = m_marks.front().x, right = m_marks.back().x, low = 1e300, high = -1e300;
  for (const Mark& mark : m_marks) {
    low = std::min({low, mark.low, mark.predictedY.value_or(mark.low)});
    high = std::max({high, mark.high, mark.predictedY.value_or(mark.high)});
  }
  // What nobody compresses to (the network as it is) would squeeze everything else to the left.
  const double margin = std::max((right - left) * 0.05, std::abs(right) * 0.02 + 1e-9);
  setLabels(*m_x, left - margin, right + margin, labelsOf(left, right, 5, [this](double value) {
    return m_content.bytes ? shortBytes(static_cast<std::int64_t>(std::llround(value))) : numberText(value);
  }));
  if (logarithmic()) {
    low = std::floor(low);
    setVerticalDecades(*m_y, low, std::max(std::ceil(high), low + 1));
  } else {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
    const double room = std::max((high - low) * 0.08, 1e-9);
    setLabels(*m_y, low - room, high + room, labelsOf(low, high, 4, [](double value) { return numberText(value); }));
  }
  setSummary(tr("%1: %2 plans, from %3 to %4").arg(caption).arg(m_marks.size()).arg(numberText(left), numberText(right)));
}

std::optional<QPointF> TradeOffChart::placeOf(int point) const {
  for (const Mark& mark : m_marks)
    if (mark.point == point) return QPointF(view()->mapFromScene(chart()->mapToScene(at(mark.x, mark.y))));
  return std::nullopt;
}

int TradeOffChart::nearest(const QPointF& position) const {
  int best = -1;
  double least = kReach * kReach;
  for (std::size_t i = 0; i < m_marks.size(); ++i) {
    const QPointF away = at(m_marks[i].x, m_marks[i].y) - position;
    // Under the ring of this plan the plan that it came from can still be reached.
    const bool working = m_content.points[static_cast<std::size_t>(m_marks[i].point)].kind == PlanPoint::Kind::working;
    const double distance = QPointF::dotProduct(away, away) + (working ? 16 : 0);
    if (distance >= least) continue;
    least = distance;
    best = static_cast<int>(i);
  }
  return best;
}

void TradeOffChart::setCursor(int mark) {
  if (mark == m_cursor) return;
  m_cursor = mark;
  if (mark >= 0)
    setSummary(
        describe(m_content.points[static_cast<std::size_t>(m_marks[static_cast<std::size_t>(mark)].point)]).replace(u'\n', QStringLiteral(", ")));
  m_ink->update();
}

bool TradeOffChart::keyPressed(int key) {
  if (m_marks.empty()) return false;
  const int last = static_cast<int>(m_marks.size()) - 1;
  const auto kindAt = [this](int mark) { return m_content.points[static_cast<std::size_t>(m_marks[static_cast<std::size_t>(mark)].point)].kind; };
  int from = m_cursor;
  if (from < 0)  // begin at this plan
    for (int i = 0; i <= last; ++i)
      if (kindAt(i) == PlanPoint::Kind::working) from = i;
  if (key == Qt::Key_Left || key == Qt::Key_Right) {
    setCursor(from < 0 ? 0 : std::clamp(from + (key == Qt::Key_Right ? 1 : -1), 0, last));
  } else if (key == Qt::Key_Home || key == Qt::Key_End) {
    setCursor(key == Qt::Key_Home ? 0 : last);
  } else if (key == Qt::Key_Up || key == Qt::Key_Down) {  // the nearest plan of another kind
    int best = -1;
    for (int i = 0; i <= last && from >= 0; ++i) {
      const bool right = key == Qt::Key_Up ? m_marks[static_cast<std::size_t>(i)].y > m_marks[static_cast<std::size_t>(from)].y
                                           : m_marks[static_cast<std::size_t>(i)].y < m_marks[static_cast<std::size_t>(from)].y;
      if (!right || kindAt(i) == kindAt(from)) continue;
      const auto away = [&](int mark) { return std::abs(m_marks[static_cast<std::size_t>(mark)].x - m_marks[static_cast<std::size_t>(from)].x); };
      if (best < 0 || away(i) < away(best)) best = i;
    }
    if (best >= 0) setCursor(best);
  } else if (m_cursor >= 0 && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
    Q_EMIT opened(m_marks[static_cast<std::size_t>(m_cursor)].point);
  } else if (m_cursor >= 0 && (key == Qt::Key_P || key == Qt::Key_Space)) {
    Q_EMIT pinToggled(m_marks[static_cast<std::size_t>(m_cursor)].point);
  } else {
    return false;
  }
  return true;
}

void TradeOffChart::openMenu(const QPoint& globalPosition, int mark) {
  const int point = m_marks[static_cast<std::size_t>(mark)].point;
  const PlanPoint& plan = m_content.points[static_cast<std::size_t>(point)];
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  const bool working = plan.kind == PlanPoint::Kind::working;
  menu->addAction(tr("Open this plan"), this, [this, point] { Q_EMIT opened(point); })->setEnabled(!working);
  menu->addAction(m_content.pinned.contains(plan.key) ? tr("Unpin") : tr("Pin to measure"), this, [this, point] { Q_EMIT pinToggled(point); });
  menu->addSeparator();
  fillMenu(*menu);
  menu->popup(globalPosition);
}

bool TradeOffChart::eventFilter(QObject* watched, QEvent* event) {
  const bool onViewport = watched == view()->viewport();
  switch (event->type()) {
  case QEvent::KeyPress:
    if (watched == view() && keyPressed(static_cast<QKeyEvent*>(event)->key())) return true;
    break;
  case QEvent::MouseMove:
    setCursor(nearest(static_cast<QMouseEvent*>(event)->position()));
    view()->viewport()->setCursor(m_cursor >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    break;
  case QEvent::Leave:
    if (onViewport) setCursor(-1);
    break;
  case QEvent::FocusIn:
  case QEvent::FocusOut:
    m_ink->update();
    break;
  case QEvent::MouseButtonPress:
    if (onViewport && static_cast<QMouseEvent*>(event)->button() == Qt::LeftButton) m_pressed = nearest(static_cast<QMouseEvent*>(event)->position());
    break;
  case QEvent::MouseButtonRelease: {
    const auto* mouse = static_cast<QMouseEvent*>(event);
    const int mark = onViewport && mouse->button() == Qt::LeftButton ? nearest(mouse->position()) : -1;
    if (mark < 0 || mark != std::exchange(m_pressed, -1)) break;
    const int point = m_marks[static_cast<std::size_t>(mark)].point;
    if (mouse->modifiers() & Qt::ShiftModifier)
      Q_EMIT pinToggled(point);
    else
      Q_EMIT opened(point);
    break;
  }
  case QEvent::ContextMenu: {
    const auto* context = static_cast<QContextMenuEvent*>(event);
    const int mark = context->reason() == QContextMenuEvent::Keyboard ? m_cursor : onViewport ? nearest(context->pos()) : -1;
    if (mark < 0) break;
    openMenu(context->globalPos(), mark);
    return true;
  }
  default:
    break;
  }
  return ChartPanel::eventFilter(watched, event);
}

QString TradeOffChart::describe(const PlanPoint& point) const {
  QString text;
  switch (point.kind) {
  case PlanPoint::Kind::front:
    text = tr("Point of the front");
    break;
  case PlanPoint::Kind::uniform:
    text = tr("Uniform %1").arg(point.label);
    break;
  case PlanPoint::Kind::stored:
    text = tr("Plan “%1”").arg(plainName(point.name));
    break;
  case PlanPoint::Kind::working:
    text = tr("This plan");
    break;
  }
  text += QStringLiteral("\n") + tr("%1, %2 bits per weight").arg(bytesText(point.bytes), numberText(point.bitsPerWeight));
  text += QStringLiteral("\n") +
          tr("predicted %1: %2").arg(scoreName(m_content.metric), estimateText(point.predicted, QString::fromStdString(m_content.unit), true));
  for (const auto& [score, value] : point.measured)
    text += QStringLiteral("\n") + tr("measured %1: %2 (n = %3)").arg(scoreName(score), scoreText(score, value, true)).arg(value.count);
  if (m_content.pinned.contains(point.key)) text += QStringLiteral("\n") + tr("pinned");
  return text;
}

ChartTable TradeOffChart::table() const {
  const auto scores = measuredScores(m_content.points);
  ChartTable table{
      {tr("plan"), tr("kind"), tr("bytes"), tr("bits per weight"), tr("predicted %1").arg(scoreName(m_content.metric)), tr("standard error")}, {}};
  for (const auto& score : scores) {
    table.columns.push_back(tr("measured change of %1").arg(scoreName(score)));
    table.columns.push_back(tr("standard error of %1").arg(scoreName(score)));
  }
  static const QString kinds[] = {tr("front"), tr("uniform"), tr("stored"), tr("this plan")};
  for (const auto& point : m_content.points) {
    std::vector<QVariant> row{point.label.isEmpty() ? plainName(point.name) : point.label,
                              kinds[static_cast<int>(point.kind)],
                              QVariant::fromValue<qlonglong>(point.bytes.count),
                              point.bitsPerWeight,
                              point.predicted.mean,
                              point.predicted.standardError};
    for (const auto& score : scores) {
      const auto measured = point.measured.find(score);
      row.push_back(measured == point.measured.end() ? QVariant() : QVariant(measured->second.mean));
      row.push_back(measured == point.measured.end() ? QVariant() : QVariant(measured->second.standardError));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace planish::views
