#include "views/plan/level_scale.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace planish::views {
namespace {

constexpr double kStep = 1.25, kTight = 0.45;

QString formatName(const Setting& setting) {
  Setting format;
  format.format = setting.format;
  format.bits = setting.bits;
  format.ggufType = setting.ggufType;
  return QString::fromStdString(toText(format));
}

}  // namespace

double levelOfBits(double bits) {
  if (bits <= 8) return std::max(bits, 0.0);
  if (bits <= 16) return 8 + (bits - 8) / 8 * kStep;
  return 8 + kStep + (bits - 16) / 16 * kStep;
}

double bitsOfLevel(double level) {
  if (level <= 8) return std::max(level, 0.0);
  if (level <= 8 + kStep) return 8 + (level - 8) / kStep * 8;
  return 16 + (level - 8 - kStep) / kStep * 16;
}

double codeBits(const Workspace& workspace, int layer, const Setting& setting) {
  if (setting.format != NumberFormat::keep || !workspace.network) return setting.bitsPerCode();
  const MenuItem* item = menuItem(workspace, layer, Setting{});
  const std::int64_t weights = workspace.network->layers.items.at(static_cast<std::size_t>(layer)).weightCount();
  if (!item || item->bits.count <= 0 || weights <= 0) return setting.bitsPerCode();
  return std::clamp(std::nearbyint(static_cast<double>(item->bits.count) / static_cast<double>(weights)), 1.0, 32.0);
}

std::vector<NamedLevel> namedLevels(const Workspace& workspace) {
  std::map<double, Setting> found;
  for (std::size_t layer = 0; layer < workspace.menus.size(); ++layer)
    for (const auto& item : workspace.menus[layer]) {
      if (item.setting.sparsity.kind != Sparsity::Kind::none || item.setting.rank.given()) continue;
      found.try_emplace(levelOfBits(codeBits(workspace, static_cast<int>(layer), item.setting)), item.setting);
    }
  std::vector<NamedLevel> levels;
  for (const auto& [level, setting] : found)
    if (levels.empty() || level - levels.back().level >= kTight) levels.push_back({level, formatName(setting)});
  return levels;
}

}  // namespace planish::views
