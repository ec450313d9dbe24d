#include "views/report/report_charts.h"

#include "views/base/damage_scale.h"
#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QBuffer>
#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>
#include <QSvgGenerator>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

constexpr QRectF kPlot(52, 10, 640, 150);
constexpr QSize kSize(710, 190);

QString tr(const char* text) { return QCoreApplication::translate("Report", text); }

/// Straight scales of a plot with a few labelled lines.
struct Frame {
  double left = 0, right = 1, low = 0, high = 1;
  bool logarithmic = false;  ///< of y: low and high are powers of ten

  QPointF at(double x, double y) const {
    return {kPlot.left() + (x - left) / (right - left) * kPlot.width(), kPlot.bottom() - (y - low) / (high - low) * kPlot.height()};
  }
  void paint(QPainter& painter, const QString& bottom, int lines = 4) const {
    const Theme& theme = Theme::light();
    QFont font = painter.font();
    font.setPixelSize(10);
    painter.setFont(font);
    for (int i = 0; i <= lines; ++i) {
      const double value = low + (high - low) * i / lines;
      const double y = at(left, value).y();
      painter.setPen(QPen(theme.line, 1));
      painter.drawLine(QPointF(kPlot.left(), y), QPointF(kPlot.right(), y));
      painter.setPen(theme.label);
      painter.drawText(QRectF(0, y - 8, kPlot.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter, numberText(logarithmic ? std::pow(10.0, value) : value));
    }
    painter.drawText(QRectF(kPlot.left(), kPlot.bottom() + 12, kPlot.width(), 16), Qt::AlignRight | Qt::AlignVCenter, bottom);
  }
  void paintEnds(QPainter& painter, const QString& first, const QString& last) const {
    painter.setPen(Theme::light().label);
    painter.drawText(QRectF(kPlot.left(), kPlot.bottom() + 1, 100, 14), Qt::AlignLeft | Qt::AlignVCenter, first);
    painter.drawText(QRectF(kPlot.right() - 100, kPlot.bottom() + 1, 100, 14), Qt::AlignRight | Qt::AlignVCenter, last);
  }
};

double bitsOf(const Setting& setting) { return setting.isKeep() ? 32 : setting.bitsPerCode(); }

void paintPlan(QPainter& painter, const Workspace& w) {
  const DamageScale scale = DamageScale::of(w);
  double most = 8;
  for (const auto& planned : w.plan.layers)
    if (!planned.setting.isKeep()) most = std::max(most, bitsOf(planned.setting));
  const auto count = static_cast<double>(w.plan.layers.size());
  const Frame frame{0, count, 0, most};
  frame.paint(painter, tr("layer"));
  frame.paintEnds(painter, QStringLiteral("1"), QString::number(w.plan.layers.size()));
  for (std::size_t i = 0; i < w.plan.layers.size(); ++i) {
    const auto& setting = w.plan.layers[i].setting;
    const double damage = damageOf(w, static_cast<int>(i), setting);
    const QPointF top = frame.at(static_cast<double>(i), std::min(bitsOf(setting), most)), foot = frame.at(static_cast<double>(i) + 1, 0);
    const double gap = kPlot.width() / count > 4 ? 1 : 0;
    painter.fillRect(QRectF(top, QPointF(foot.x() - gap, foot.y())), scale.colour(Theme::light(), damage));
  }
}

void paintHeatMap(QPainter& painter, const Workspace& w) {
  const DamageScale scale = DamageScale::of(w);
  const auto layers = static_cast<double>(w.menus.size()), rows = static_cast<double>(w.options.size());
  QFont font = painter.font();
  font.setPixelSize(10);
  painter.setFont(font);
  for (std::size_t r = 0; r < w.options.size(); ++r) {
    const double y = kPlot.bottom() - (static_cast<double>(r) + 1) / rows * kPlot.height(), height = kPlot.height() / rows;
    painter.setPen(Theme::light().label);
    painter.drawText(QRectF(0, y, kPlot.left() - 6, height), Qt::AlignRight | Qt::AlignVCenter, QString::fromStdString(toText(w.options[r])));
    for (std::size_t i = 0; i < w.menus.size(); ++i) {
      const double damage = damageOf(w, static_cast<int>(i), w.options[r]);
      const double x = kPlot.left() + static_cast<double>(i) / layers * kPlot.width(), next = kPlot.left() + (static_cast<double>(i) + 1) / layers * kPlot.width();
      const QRectF cell(x, y, next - x, height);
      painter.fillRect(cell, scale.colour(Theme::light(), damage));
      if (i < w.plan.layers.size() && w.plan.layers[i].setting == w.options[r]) {
        painter.setPen(QPen(Qt::white, 1));
        painter.drawRect(cell.adjusted(0.5, 0.5, -0.5, -0.5));
      }
    }
  }
  const Frame frame{0, layers, 0, 1};
  frame.paintEnds(painter, QStringLiteral("1"), QString::number(w.menus.size()));
  painter.drawText(QRectF(kPlot.left(), kPlot.bottom() + 12, kPlot.width(), 16), Qt::AlignRight | Qt::AlignVCenter, tr("layer; the plan's settings are outlined"));
}

double megabytes(const FrontPoint& point) { return static_cast<double>(point.plan.bytes().count) / 1024; }

void paintTradeOff(QPainter& painter, const Workspace& w) {
  double left = 1e300, right = -1e300, low = 1e300, high = -1e300;
  const auto measuredOf = [&](const FrontPoint& point) -> const Estimate* {
    const auto found = point.measured.find(w.metric);
    return found == point.measured.end() ? nullptr : &found->second;
  };
  const auto widen = [&](double x, double y) {
    if (!(y > 0)) return;
    left = std::min(left, x), right = std::max(right, x);
    low = std::min(low, std::log10(y)), high = std::max(high, std::log10(y));
  };
  for (const auto& point : w.front) {
    widen(megabytes(point), point.predicted.mean);
    if (const auto* measured = measuredOf(point)) widen(megabytes(point), measured->mean);
  }
  if (left > right) return;
  if (right - left < 1e-9) right = left + 1;
  const Frame frame{left, right, std::floor(low), std::max(std::floor(low) + 1, std::ceil(high)), true};
  frame.paint(painter, tr("KiB of weights"), static_cast<int>(frame.high - frame.low));
  frame.paintEnds(painter, numberText(left), numberText(right));
  const Theme& theme = Theme::light();
  for (const auto& point : w.front) {
    const QColor color = point.uniform ? theme.reference : theme.accent;
    painter.setPen(QPen(color, 1.2));
    painter.setBrush(Qt::white);
    if (point.predicted.mean > 0) painter.drawEllipse(frame.at(megabytes(point), std::log10(point.predicted.mean)), 3, 3);
    painter.setBrush(color);
    if (const auto* measured = measuredOf(point); measured && measured->mean > 0) painter.drawEllipse(frame.at(megabytes(point), std::log10(measured->mean)), 3, 3);
  }
}

/// The last compress job that was followed, best of the working plan.
const JobState* followedJob(const Workspace& w) {
  const JobState* found = nullptr;
  for (const auto& job : w.jobs)
    if (job.kind == JobKind::compress && !job.live.empty() && (job.plan == w.plan.name || !found)) found = &job;
  return found;
}

std::string followedScore(const JobState& job) { return job.original.contains("top1") ? "top1" : job.original.empty() ? std::string() : job.original.begin()->first; }

void paintLive(QPainter& painter, const JobState& job) {
  const std::string score = followedScore(job);
  const double factor = scoreUnit(score) == QLatin1String("%") ? 100 : 1;
  const Estimate original = job.original.at(score);
  double low = (original.mean - original.standardError) * factor, high = (original.mean + original.standardError) * factor;
  const auto errorOf = [&](const LivePoint& point) {
    const auto found = point.difference.find(score);
    return (found == point.difference.end() ? 0 : found->second.standardError) * factor;
  };
  for (const auto& point : job.live)
    if (const auto found = point.value.find(score); found != point.value.end() && std::isfinite(found->second.mean)) {
      low = std::min(low, found->second.mean * factor - errorOf(point));
      high = std::max(high, found->second.mean * factor + errorOf(point));
    }
  const double margin = std::max((high - low) * 0.08, 1e-6);
  const Frame frame{0, static_cast<double>(std::max(1, job.layersTotal)), low - margin, high + margin};
  frame.paint(painter, tr("layers compressed"));
  frame.paintEnds(painter, QStringLiteral("0"), QString::number(job.layersTotal));
  const Theme& theme = Theme::light();
  const QPointF top = frame.at(0, (original.mean + original.standardError) * factor), foot = frame.at(frame.right, (original.mean - original.standardError) * factor);
  painter.fillRect(QRectF(top, foot), theme.referenceFaint);
  painter.setPen(QPen(theme.reference, 1, Qt::DashLine));
  painter.drawLine(frame.at(0, original.mean * factor), frame.at(frame.right, original.mean * factor));
  QPolygonF line, band, lower;
  for (const auto& point : job.live)
    if (const auto found = point.value.find(score); found != point.value.end() && std::isfinite(found->second.mean)) {
      line << frame.at(point.layersDone, found->second.mean * factor);
      band << frame.at(point.layersDone, found->second.mean * factor + errorOf(point));
      lower << frame.at(point.layersDone, found->second.mean * factor - errorOf(point));
    }
  std::reverse(lower.begin(), lower.end());
  QColor faint = theme.accent;
  faint.setAlphaF(0.2f);
  painter.setPen(Qt::NoPen);
  painter.setBrush(faint);
  painter.drawPolygon(band + lower);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.accent, 1.6));
  painter.drawPolyline(line);
}

}  // namespace

QByteArray ReportChart::svg() const {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  QSvgGenerator generator;
  generator.setOutputDevice(&buffer);
  generator.setSize(size);
  generator.setViewBox(QRect(QPoint(0, 0), size));
  generator.setResolution(96);
  generator.setTitle(QString());
  QPainter painter(&generator);
  paint(painter);
  painter.end();
  const auto begin = bytes.indexOf("<svg");
  return begin > 0 ? bytes.mid(begin) : bytes;
}

std::vector<ReportChart> reportCharts(const Workspace& workspace) {
  const Workspace* w = &workspace;
  std::vector<ReportChart> charts;
  if (!w->plan.layers.empty())
    charts.push_back({tr("Plan"), tr("Bits per weight of each layer; lighter is more predicted damage. Kept layers reach the top."), kSize, [w](QPainter& painter) { paintPlan(painter, *w); }});
  if (!w->menus.empty() && !w->options.empty() && w->table())
    charts.push_back({tr("Sensitivity"), tr("Damage of each layer (across) under each setting (up) by %1, on a logarithmic scale; lighter is worse.").arg(scoreName(w->metric)), kSize,
                      [w](QPainter& painter) { paintHeatMap(painter, *w); }});
  if (std::any_of(w->front.begin(), w->front.end(), [](const FrontPoint& point) { return point.predicted.mean > 0; }))
    charts.push_back({tr("Trade-off"), tr("Damage by %1 against size: hollow is predicted, filled is measured, grey is one setting for all layers.").arg(scoreName(w->metric)), kSize,
                      [w](QPainter& painter) { paintTradeOff(painter, *w); }});
  if (const JobState* job = followedJob(*w); job && !followedScore(*job).empty())
    charts.push_back({tr("Live accuracy"), tr("%1 of the partly compressed network on held-out samples, paired with the original (dashed, with its band).").arg(scoreName(followedScore(*job))), kSize,
                      [job](QPainter& painter) { paintLive(painter, *job); }});
  for (auto& chart : charts)
    chart.paint = [paint = chart.paint](QPainter& painter) {
      painter.setRenderHint(QPainter::Antialiasing);
      paint(painter);
    };
  return charts;
}

}  // namespace planish::views
