#include "views/network/layer_model.h"

#include "views/base/numbers.h"

#include <QFont>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish::views {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFewRows = 16;  ///< more are told as one range

/// Digits grouped, without a unit: the header has it.
QString plainBytes(std::int64_t count) { return bytesText(Bytes{count}).chopped(2); }

}  // namespace

LayerModel::LayerModel(const Workspace& workspace, QObject* parent) : QAbstractItemModel(parent), m_workspace(workspace) {}

void LayerModel::rebuild(std::optional<std::vector<int>> visible) {
  beginResetModel();
  m_visible = std::move(visible);
  m_scale = DamageScale::of(m_workspace);
  arrange();
  endResetModel();
}

void LayerModel::refreshValues(bool scaleToo) {
  bool all = false;
  if (scaleToo) {
    const auto before = std::exchange(m_scale, DamageScale::of(m_workspace));
    all = !(before == m_scale);
  }
  std::vector<int> changed;
  for (int layer = 0; layer < m_workspace.layerCount(); ++layer) {
    const std::size_t print = printOf(layer);
    if (std::exchange(m_prints[static_cast<std::size_t>(layer)], print) != print) changed.push_back(layer);
  }
  if (m_groups.empty()) return;
  if (all || changed.size() > kFewRows) {
    Q_EMIT dataChanged(index(0, 0), index(static_cast<int>(m_groups.size()) - 1, columns - 1));
    return;
  }
  for (const int layer : changed)
    for (auto row = indexOf(layer); row.isValid(); row = row.parent())
      for (const int column : {bytes, setting, damage}) Q_EMIT dataChanged(row.siblingAtColumn(column), row.siblingAtColumn(column));
}

std::size_t LayerModel::printOf(int layer) const {
  const auto at = static_cast<std::size_t>(layer);
  std::size_t print = 0;
  const auto add = [&print](std::size_t value) { print = (print ^ value) * 0x9e3779b97f4a7c15u + (print >> 29); };
  if (at < m_workspace.plan.layers.size()) {
    const PlannedLayer& planned = m_workspace.plan.layers[at];
    add(std::hash<std::string>()(toText(planned.setting)));
    add(static_cast<std::size_t>(planned.bits.count));
    add(planned.locked ? 1 : 2);
  }
  if (at < m_workspace.menus.size())
    for (const auto& item : m_workspace.menus[at]) add(item.damage ? std::hash<double>()(item.damage->mean) : 3);
  return print;
}

void LayerModel::sort(int column, Qt::SortOrder order) {
  if (column == m_sortColumn && order == m_sortOrder && column < 0) return;
  beginResetModel();
  m_sortColumn = column;
  m_sortOrder = order;
  arrange();
  endResetModel();
}

void LayerModel::arrange() {
  m_groups.clear();
  const int count = m_workspace.layerCount();
  m_prints.resize(static_cast<std::size_t>(count));
  for (int layer = 0; layer < count; ++layer) m_prints[static_cast<std::size_t>(layer)] = printOf(layer);
  m_places.assign(static_cast<std::size_t>(count), {-1, -1});
  m_visibleCount = m_visible ? static_cast<int>(m_visible->size()) : count;
  m_folded = false;
  if (m_visible || m_sortColumn >= 0) {
    std::vector<int> all = m_visible.value_or(std::vector<int>());
    if (!m_visible) {
      all.resize(static_cast<std::size_t>(count));
      std::iota(all.begin(), all.end(), 0);
    }
    for (const int layer : sorted(std::move(all))) m_groups.push_back({{}, {layer}});
  } else {
    for (int i = 0; i < count; ++i) {
      const auto& block = m_workspace.network->layers.items[static_cast<std::size_t>(i)].block;
      const QString shown = plainName(block);
      if (!block.empty() && !m_groups.empty() && m_groups.back().block == shown) m_groups.back().layers.push_back(i);
      else m_groups.push_back({shown, {i}});
    }
    for (auto& group : m_groups) {
      if (group.layers.size() == 1) group.block.clear();
      else m_folded = true;
    }
  }
  for (std::size_t g = 0; g < m_groups.size(); ++g)
    for (std::size_t r = 0; r < m_groups[g].layers.size(); ++r)
      m_places[static_cast<std::size_t>(m_groups[g].layers[r])] = {static_cast<int>(g), m_groups[g].block.isEmpty() ? -1 : static_cast<int>(r)};
}

std::vector<int> LayerModel::sorted(std::vector<int> layers) const {
  if (m_sortColumn < 0) return layers;
  const bool falling = m_sortOrder == Qt::DescendingOrder;
  if (m_sortColumn == name || m_sortColumn == kind) {
    const auto& items = m_workspace.network->layers.items;
    const auto key = [&](int layer) -> const std::string& {
      const auto& item = items[static_cast<std::size_t>(layer)];
      return m_sortColumn == name ? item.name : item.kind;
    };
    std::stable_sort(layers.begin(), layers.end(), [&](int a, int b) { return falling ? key(b) < key(a) : key(a) < key(b); });
    return layers;
  }
  std::vector<double> keys(m_places.size());
  for (const int layer : layers) keys[static_cast<std::size_t>(layer)] = numberOf(layer, m_sortColumn);
  std::stable_sort(layers.begin(), layers.end(), [&](int a, int b) {
    const double x = keys[static_cast<std::size_t>(a)], y = keys[static_cast<std::size_t>(b)];
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);  // what is not known comes last, either way
    return falling ? y < x : x < y;
  });
  return layers;
}

double LayerModel::numberOf(int layer, int column) const {
  const auto at = static_cast<std::size_t>(layer);
  const Layer& item = m_workspace.network->layers.items[at];
  switch (column) {
    case bytes: return at < m_workspace.plan.layers.size() ? static_cast<double>(m_workspace.plan.layers[at].bits.bytes().count) : kNone;
    case setting: return settingOf(layer) ? settingOf(layer)->bitsPerCode() : kNone;
    case damage: return settingOf(layer) ? damageOf(m_workspace, layer, *settingOf(layer)) : kNone;
    case operations: return at < m_workspace.layerOperations.size() ? static_cast<double>(m_workspace.layerOperations[at]) : kNone;
    default: return static_cast<double>(item.weightCount());
  }
}

const Setting* LayerModel::settingOf(int layer) const {
  const auto at = static_cast<std::size_t>(layer);
  return at < m_workspace.plan.layers.size() ? &m_workspace.plan.layers[at].setting : nullptr;
}

std::vector<int> LayerModel::visibleLayers() const {
  if (m_visible) return *m_visible;
  std::vector<int> all(static_cast<std::size_t>(m_workspace.layerCount()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

int LayerModel::layerAt(const QModelIndex& index) const {
  if (!index.isValid()) return -1;
  if (index.internalId() > 0) return m_groups[index.internalId() - 1].layers[static_cast<std::size_t>(index.row())];
  const Group& group = m_groups[static_cast<std::size_t>(index.row())];
  return group.block.isEmpty() ? group.layers.front() : -1;
}

std::vector<int> LayerModel::layersAt(const QModelIndex& index) const {
  if (!index.isValid()) return {};
  if (index.internalId() > 0) return {layerAt(index)};
  return m_groups[static_cast<std::size_t>(index.row())].layers;
}

QModelIndex LayerModel::indexOf(int layer, int column) const {
  if (layer < 0 || static_cast<std::size_t>(layer) >= m_places.size()) return {};
  const auto [group, row] = m_places[static_cast<std::size_t>(layer)];
  if (group < 0) return {};
  return row < 0 ? index(group, column) : index(row, column, index(group, 0));
}

QModelIndex LayerModel::index(int row, int column, const QModelIndex& parent) const {
  if (column < 0 || column >= columns || row < 0 || row >= rowCount(parent)) return {};
  return createIndex(row, column, parent.isValid() ? static_cast<quintptr>(parent.row() + 1) : quintptr(0));
}

QModelIndex LayerModel::parent(const QModelIndex& child) const {
  return child.isValid() && child.internalId() > 0 ? createIndex(static_cast<int>(child.internalId() - 1), 0, quintptr(0)) : QModelIndex();
}

int LayerModel::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return static_cast<int>(m_groups.size());
  if (parent.column() > 0 || parent.internalId() > 0) return 0;
  const Group& group = m_groups[static_cast<std::size_t>(parent.row())];
  return group.block.isEmpty() ? 0 : static_cast<int>(group.layers.size());
}

bool LayerModel::isSelected(const QModelIndex& index) const {
  const auto layers = layersAt(index);
  return !layers.empty() && std::all_of(layers.begin(), layers.end(), [this](int layer) { return m_workspace.selected(layer); });
}

void LayerModel::setShortHeaders(bool shorter) {
  if (std::exchange(m_shortHeaders, shorter) != shorter) Q_EMIT headerDataChanged(Qt::Horizontal, damage, damage);
}

double LayerModel::damageAt(const QModelIndex& index) const {
  const int layer = layerAt(index);
  if (layer >= 0) return numberOf(layer, damage);
  double worst = kNone;
  for (const int each : layersAt(index)) worst = std::fmax(worst, numberOf(each, damage));
  return worst;
}

std::vector<QPointF> LayerModel::curveAt(const QModelIndex& index) const {
  const int layer = layerAt(index);
  std::vector<QPointF> points;
  const auto add = [&](int each) {
    if (static_cast<std::size_t>(each) >= m_workspace.menus.size()) return;
    for (const auto& item : m_workspace.menus[static_cast<std::size_t>(each)]) {
      if (!item.damage || !std::isfinite(item.damage->mean) || item.setting.isKeep() || item.setting.sparsity.kind != Sparsity::Kind::none ||
          item.setting.rank.given() || item.setting.activationBits)
        continue;
      const double bits = item.setting.bitsPerCode();
      const auto same = std::find_if(points.begin(), points.end(), [bits](const QPointF& p) { return p.x() == bits; });
      if (same == points.end()) points.emplace_back(bits, item.damage->mean);
      else if (layer < 0) same->ry() += item.damage->mean;
      else same->setY(std::min(same->y(), item.damage->mean));
    }
  };
  if (layer >= 0) add(layer);
  else
    for (const int each : layersAt(index)) add(each);
  std::sort(points.begin(), points.end(), [](const QPointF& a, const QPointF& b) { return a.x() < b.x(); });
  return points;
}

QString LayerModel::settingText(const QModelIndex& index) const {
  const int layer = layerAt(index);
  if (layer >= 0) return settingOf(layer) ? QString::fromStdString(toText(*settingOf(layer))) : QString();
  const Setting *least = nullptr, *most = nullptr;
  bool same = true, integers = true;
  for (const int each : layersAt(index)) {
    const Setting* own = settingOf(each);
    if (!own) return {};
    if (!least || own->bitsPerCode() < least->bitsPerCode()) least = own;
    if (!most || own->bitsPerCode() > most->bitsPerCode()) most = own;
    same = same && *own == *least;
    integers = integers && own->format == NumberFormat::integer;
  }
  if (!least) return {};
  if (same) return QString::fromStdString(toText(*least));
  if (integers && least->bits != most->bits) return QStringLiteral("%1–%2").arg(least->bits).arg(most->bits);
  return tr("mixed");
}

QString LayerModel::text(const QModelIndex& index) const {
  const int layer = layerAt(index);
  const auto layers = layersAt(index);
  const auto& items = m_workspace.network->layers.items;
  const Layer* item = layer >= 0 ? &items[static_cast<std::size_t>(layer)] : nullptr;
  const auto sum = [&](int column) {
    double total = 0;
    for (const int each : layers) total += numberOf(each, column);
    return total;
  };
  switch (index.column()) {
    case name: {
      if (!item) return m_groups[static_cast<std::size_t>(index.row())].block;
      const std::string_view full = item->name, block = item->block;
      const bool inside = index.internalId() > 0 && full.size() > block.size() + 1 && full.starts_with(block) && (full[block.size()] == '.' || full[block.size()] == '/');
      return plainName(inside ? std::string(full.substr(block.size() + 1)) : item->name);
    }
    case bytes: {
      const double total = sum(bytes);
      return std::isnan(total) ? QString() : plainBytes(static_cast<std::int64_t>(total));
    }
    case setting: return settingText(index);
    case damage: {
      const double value = damageAt(index);
      return std::isnan(value) ? tr("not measured") : numberText(value);
    }
    case kind: return item ? plainName(item->kind) : tr("%n layers", nullptr, static_cast<int>(layers.size()));
    case shape: return item ? QString::fromStdString(item->weightShape.text()) : QString();
    case weights: return countText(static_cast<std::int64_t>(sum(weights)));
    case operations: return std::isnan(sum(operations)) ? QString() : countText(static_cast<std::int64_t>(sum(operations)));
    default: return {};
  }
}

QString LayerModel::toolTip(const QModelIndex& index) const {
  const int layer = layerAt(index);
  if (layer < 0) return tr("%1: %n layers", nullptr, static_cast<int>(layersAt(index).size())).arg(text(index.siblingAtColumn(name)));
  const auto at = static_cast<std::size_t>(layer);
  const Layer& item = m_workspace.network->layers.items[at];
  QString tip = plainName(item.name, 400) + QLatin1Char('\n') + tr("%1 %2, %3 weights").arg(plainName(item.kind), QString::fromStdString(item.weightShape.text()), countText(item.weightCount()));
  if (const Setting* own = settingOf(layer)) {
    tip += QLatin1Char('\n') + QString::fromStdString(toText(*own)) + QStringLiteral(": ") + bytesText(m_workspace.plan.layers[at].bits.bytes());
    const MenuItem* entry = menuItem(m_workspace, layer, *own);
    const auto* table = m_workspace.table();
    if (entry && entry->damage)
      tip += QLatin1Char('\n') + tr("Δ%1 %2").arg(scoreName(m_workspace.metric), estimateText(*entry->damage, table ? QString::fromStdString(table->unit) : QString(), true));
    else tip += QLatin1Char('\n') + tr("damage not measured");
    if (m_workspace.plan.layers[at].locked) tip += QLatin1Char('\n') + tr("locked");
  }
  // Tool tips guess whether a text is rich: names from files must not decide that.
  return QStringLiteral("<p style='white-space:pre'>") + tip.toHtmlEscaped() + QStringLiteral("</p>");
}

QVariant LayerModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || !m_workspace.network) return {};
  const int layer = layerAt(index);
  switch (role) {
    case Qt::DisplayRole: return text(index);
    case Qt::ToolTipRole: return toolTip(index);
    case Qt::AccessibleTextRole:
      if (index.column() == setting && data(index, lockedRole).toBool()) return tr("%1, locked").arg(text(index));
      return text(index);
    case Qt::TextAlignmentRole:
      if (index.column() == bytes || index.column() == weights || index.column() == operations) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
      return QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case sortRole: return layer >= 0 ? QVariant(numberOf(layer, index.column())) : QVariant();
    case lockedRole: {
      const auto layers = layersAt(index);
      const auto locked = [this](int each) { return static_cast<std::size_t>(each) < m_workspace.plan.layers.size() && m_workspace.plan.layers[static_cast<std::size_t>(each)].locked; };
      return layer >= 0 ? locked(layer) : std::all_of(layers.begin(), layers.end(), locked);
    }
    default: return {};
  }
}

QVariant LayerModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole)
    return QVariant((section == bytes || section == weights || section == operations ? Qt::AlignRight : section == setting ? Qt::AlignHCenter : Qt::AlignLeft) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  const bool tip = role == Qt::ToolTipRole;
  switch (section) {
    case name: return tip ? tr("Layer, in the order they run") : tr("layer");
    case bytes: return tip ? tr("Bytes of the weight in the plan") : tr("bytes");
    case setting: return tip ? tr("Setting in the plan; colour: predicted damage") : tr("setting");
    case damage: return tip ? tr("Measured damage against bits per weight, logarithmic") : (m_shortHeaders ? tr("Δ%1") : tr("Δ%1 by bits")).arg(scoreName(m_workspace.metric));
    case kind: return tr("kind");
    case shape: return tr("shape");
    case weights: return tr("weights");
    case operations: return tip ? tr("Multiply-accumulates of one sample") : tr("MACs");
    default: return {};
  }
}

Qt::ItemFlags LayerModel::flags(const QModelIndex& index) const {
  return index.isValid() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable : Qt::NoItemFlags;
}

}  // namespace planish::views
