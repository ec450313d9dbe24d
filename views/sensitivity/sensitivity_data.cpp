#include "views/sensitivity/sensitivity_data.h"

#include "views/base/numbers.h"

#include <QObject>
#include <QStringList>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish::views {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::unordered_map<std::string_view, int> layersByName(const Workspace& workspace) {
  std::unordered_map<std::string_view, int> names;
  names.reserve(static_cast<std::size_t>(workspace.layerCount()));
  for (int i = 0; i < workspace.layerCount(); ++i) names.emplace(workspace.network->layers.items[static_cast<std::size_t>(i)].name, i);
  return names;
}

void collectOptions(const Workspace& workspace, const SensitivityTable* table, SensitivityData& data) {
  const auto add = [&data](const Setting& option) {
    if (!option.isKeep() && data.optionOf(option) < 0) data.options.push_back(option);
  };
  for (const auto& option : workspace.options) add(option);
  if (table)
    for (const auto& row : table->rows) add(row.option);
  std::stable_sort(data.options.begin(), data.options.end(), [](const Setting& a, const Setting& b) { return a.bitsPerCode() < b.bitsPerCode(); });
}

void sortRows(const Workspace& workspace, SensitivityData& data, SensitivityData::Order order) {
  data.order.resize(static_cast<std::size_t>(workspace.layerCount()));
  std::iota(data.order.begin(), data.order.end(), 0);
  if (order != SensitivityData::Order::network) {
    std::vector<double> keys(data.order.size(), -std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (order == SensitivityData::Order::size) {
        keys[i] = static_cast<double>(workspace.network->layers.items[i].weightCount());
        continue;
      }
      for (int option = 0; option < data.optionCount(); ++option)  // the damage of the cheapest option that is measured
        if (const auto& cell = data.cell(static_cast<int>(i), option); cell.measured && std::isfinite(cell.estimate.mean)) {
          keys[i] = cell.estimate.mean;
          break;
        }
    }
    std::stable_sort(data.order.begin(), data.order.end(), [&](int a, int b) { return keys[static_cast<std::size_t>(a)] > keys[static_cast<std::size_t>(b)]; });
  }
  data.rowOf.assign(data.order.size(), 0);
  for (std::size_t row = 0; row < data.order.size(); ++row) data.rowOf[static_cast<std::size_t>(data.order[row])] = static_cast<int>(row);
}

}  // namespace

bool SensitivityData::Cell::onLog() const { return measured && std::isfinite(estimate.mean) && estimate.mean > 0; }

int SensitivityData::optionOf(const Setting& setting) const {
  const auto found = std::find(options.begin(), options.end(), setting);
  return found == options.end() ? -1 : static_cast<int>(found - options.begin());
}

SensitivityData SensitivityData::of(const Workspace& workspace, const std::string& metric, Order order) {
  SensitivityData data;
  data.metric = metric;
  const auto* table = workspace.project.table(metric);
  if (table) data.unit = QString::fromStdString(table->unit);
  if (!workspace.network) return data;
  collectOptions(workspace, table, data);
  const auto columns = data.options.size();
  data.cells.resize(static_cast<std::size_t>(workspace.layerCount()) * columns);
  std::vector<double> damages;
  if (table) {
    const auto names = layersByName(workspace);
    for (const auto& row : table->rows) {
      const auto layer = names.find(row.layer);
      const int option = data.optionOf(row.option);
      if (layer == names.end() || option < 0) continue;
      Cell& cell = data.cells[static_cast<std::size_t>(layer->second) * columns + static_cast<std::size_t>(option)];
      cell.measured = true;
      cell.estimate = row.estimate;
      ++data.measured;
      if (!std::isfinite(row.estimate.mean)) ++data.notFinite;
      else if (row.estimate.mean <= 0) ++data.notPositive;
      damages.push_back(row.estimate.mean);
    }
  }
  for (std::size_t i = 0; i < workspace.menus.size() && i < static_cast<std::size_t>(workspace.layerCount()); ++i)
    for (const auto& item : workspace.menus[i])
      if (!item.legal())
        if (const int option = data.optionOf(item.setting); option >= 0) data.cells[i * columns + static_cast<std::size_t>(option)].refusal = item.refusal;
  data.scale = metric == workspace.metric ? DamageScale::of(workspace) : DamageScale::of(damages);
  if (data.scale.empty) data.scale = DamageScale::of(damages);
  sortRows(workspace, data, order);
  return data;
}

QString SensitivityData::badge() const {
  QStringList parts;
  if (notFinite) parts << QObject::tr("%1 × NaN").arg(notFinite);
  if (notPositive) parts << QObject::tr("%1 × ≤ 0").arg(notPositive);
  return parts.join(QStringLiteral(" · "));
}

QString SensitivityData::text(const Cell& cell) const {
  if (!cell.measured) return QObject::tr("not measured");
  if (!std::isfinite(cell.estimate.mean)) return QObject::tr("not a number");
  return estimateText(cell.estimate, unit, true);
}

std::vector<std::pair<QString, QString>> numberSources(const Workspace& workspace) {
  std::vector<std::pair<QString, QString>> sources;
  for (const auto& table : workspace.project.tables) sources.emplace_back(QStringLiteral("metric:") + QString::fromStdString(table.metric), scoreName(table.metric));
  for (const auto& overlay : workspace.overlays) sources.emplace_back(QStringLiteral("overlay:") + overlay.name, plainName(overlay.name.toStdString(), 40));
  return sources;
}

LayerNumbers layerNumbers(const Workspace& workspace, const QString& source, const Setting& option) {
  LayerNumbers numbers;
  numbers.values.assign(static_cast<std::size_t>(workspace.layerCount()), Estimate{kNone, 0, 0});
  if (source.startsWith(QLatin1String("overlay:"))) {
    for (const auto& overlay : workspace.overlays) {
      if (overlay.name != source.mid(8)) continue;
      numbers.name = plainName(overlay.name.toStdString(), 40);
      for (std::size_t i = 0; i < numbers.values.size(); ++i)
        if (const auto found = overlay.values.find(workspace.network->layers.items[i].name); found != overlay.values.end()) numbers.values[i] = {found->second, 0, 1};
    }
    return numbers;
  }
  const auto* table = workspace.project.table(source.mid(7).toStdString());
  if (!table) return numbers;
  numbers.name = QStringLiteral("Δ") + scoreName(table->metric);
  numbers.unit = QString::fromStdString(table->unit);
  const auto names = layersByName(workspace);
  for (const auto& row : table->rows)
    if (row.option == option)
      if (const auto layer = names.find(row.layer); layer != names.end()) numbers.values[static_cast<std::size_t>(layer->second)] = row.estimate;
  return numbers;
}

}  // namespace planish::views
