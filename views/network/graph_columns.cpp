#include "views/network/graph_columns.h"

#include "views/base/damage_scale.h"
#include "views/base/numbers.h"

#include <QObject>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace planish::views {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

void fillRange(GraphColumn& column) {
  if (column.id == QLatin1String("bits")) {
    column.low = 2;
    column.high = 8;
    return;
  }
  double low = kNone, high = kNone;
  for (const double value : column.values) {
    if (!std::isfinite(value) || (column.logarithmic && value <= 0)) continue;
    const double place = column.logarithmic ? std::log10(value) : value;
    low = std::fmin(low, place);
    high = std::fmax(high, place);
  }
  if (std::isnan(low)) low = 0, high = 1;
  if (high - low < 1e-9 * std::max(1.0, std::abs(high))) low -= 0.5, high += 0.5;
  column.low = low;
  column.high = high;
}

/// Relative weight errors of the last compress result, by layer.
void fillErrors(const Workspace& workspace, GraphColumn& column) {
  std::unordered_map<std::string, double> errors;
  for (const auto& layer : workspace.project.results.back().layers) errors[layer.layer] = layer.error;
  for (std::size_t i = 0; i < column.values.size(); ++i)
    if (const auto found = errors.find(workspace.network->layers.items[i].name); found != errors.end()) column.values[i] = found->second;
}

}  // namespace

std::vector<std::pair<QString, QString>> graphColumnNames(const Workspace& workspace) {
  std::vector<std::pair<QString, QString>> names = {{QStringLiteral("damage"), QObject::tr("predicted damage")}, {QStringLiteral("bits"), QObject::tr("bits")},
                                                    {QStringLiteral("bytes"), QObject::tr("bytes")}, {QStringLiteral("work"), QObject::tr("work")}};
  if (!workspace.project.results.empty()) names.emplace_back(QStringLiteral("error"), QObject::tr("error of the last result"));
  for (const auto& overlay : workspace.overlays) names.emplace_back(QStringLiteral("overlay:") + overlay.name, plainName(overlay.name.toStdString(), 40));
  return names;
}

GraphColumn graphColumn(const Workspace& workspace, const QString& id) {
  GraphColumn column;
  column.id = id;
  for (const auto& [each, name] : graphColumnNames(workspace))
    if (each == id) column.name = name;
  const auto count = static_cast<std::size_t>(workspace.layerCount());
  column.values.assign(count, kNone);
  const auto& planned = workspace.plan.layers;
  if (id == QLatin1String("damage")) {
    column.logarithmic = true;
    if (const auto* table = workspace.table()) column.unit = QString::fromStdString(table->unit);
    for (std::size_t i = 0; i < std::min(count, planned.size()); ++i) column.values[i] = damageOf(workspace, static_cast<int>(i), planned[i].setting);
    const auto scale = DamageScale::of(workspace);
    column.low = scale.low;
    column.high = scale.high;
    return column;
  }
  if (id == QLatin1String("bits")) {
    column.together = GraphColumn::Together::mean;
    for (std::size_t i = 0; i < std::min(count, planned.size()); ++i) column.values[i] = planned[i].setting.bitsPerCode();
  } else if (id == QLatin1String("bytes")) {
    column.logarithmic = true;
    column.unit = QStringLiteral("B");
    for (std::size_t i = 0; i < std::min(count, planned.size()); ++i) column.values[i] = static_cast<double>(planned[i].bits.bytes().count);
  } else if (id == QLatin1String("work")) {
    column.logarithmic = true;
    column.unit = QStringLiteral("MAC");
    for (std::size_t i = 0; i < std::min(count, workspace.layerOperations.size()); ++i) column.values[i] = static_cast<double>(workspace.layerOperations[i]);
  } else if (id == QLatin1String("error") && !workspace.project.results.empty()) {
    column.logarithmic = true;
    column.together = GraphColumn::Together::worst;
    fillErrors(workspace, column);
  } else {
    column.together = GraphColumn::Together::worst;
    for (const auto& overlay : workspace.overlays) {
      if (QStringLiteral("overlay:") + overlay.name != id) continue;
      for (std::size_t i = 0; i < count; ++i)
        if (const auto found = overlay.values.find(workspace.network->layers.items[i].name); found != overlay.values.end()) column.values[i] = found->second;
    }
  }
  fillRange(column);
  return column;
}

double GraphColumn::of(const std::vector<int>& layers) const {
  double total = 0, worst = kNone;
  int count = 0;
  for (const int layer : layers) {
    const double value = static_cast<std::size_t>(layer) < values.size() ? values[static_cast<std::size_t>(layer)] : kNone;
    if (!std::isfinite(value)) continue;
    ++count;
    total += value;
    worst = std::fmax(worst, value);
  }
  if (count == 0) return kNone;
  return together == Together::sum ? total : together == Together::mean ? total / count : worst;
}

double GraphColumn::fraction(double value) const {
  if (!std::isfinite(value)) return kNone;
  if (logarithmic && value <= 0) return 0;
  return std::clamp(((logarithmic ? std::log10(value) : value) - low) / (high - low), 0.0, 1.0);
}

QString GraphColumn::text(double value) const {
  if (!std::isfinite(value)) return QObject::tr("no number");
  if (id == QLatin1String("bytes")) return shortBytes(static_cast<std::int64_t>(value));
  if (id == QLatin1String("work")) return countText(static_cast<std::int64_t>(value)) + QStringLiteral("MAC");
  return numberText(value) + (unit.isEmpty() ? QString() : QLatin1Char(' ') + unit);
}

}  // namespace planish::views
