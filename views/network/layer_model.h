#pragma once

#include "views/base/damage_scale.h"
#include "views/base/workspace.h"

#include <QAbstractItemModel>

#include <optional>
#include <vector>

namespace planish::views {

/// The layers as a tree: folded by block in the network's order, or flat where they are filtered or sorted. Texts are made when they are
/// asked for, so that 20 000 layers cost nothing until they are seen.
class LayerModel : public QAbstractItemModel {
  Q_OBJECT

 public:
  enum Column { name, bytes, setting, damage, kind, shape, weights, operations, columns };
  enum Role { sortRole = Qt::UserRole, lockedRole };

  explicit LayerModel(const Workspace& workspace, QObject* parent = nullptr);

  /// Everything anew, after another network or filter. `visible`: positions of layers in their order; nothing: all, folded.
  void rebuild(std::optional<std::vector<int>> visible = {});
  /// Settings, locks or tables changed: the same rows with other contents. Says which, where they are few: a whole tree takes long to paint.
  void refreshValues(bool scaleToo);
  /// -1: the network's order. Folds again where everything is shown in it.
  void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;
  int sortColumn() const { return m_sortColumn; }
  Qt::SortOrder sortOrder() const { return m_sortOrder; }

  bool folded() const { return m_folded; }
  int visibleCount() const { return m_visibleCount; }
  /// Ascending.
  std::vector<int> visibleLayers() const;
  /// Position of the row's layer, -1 for a block.
  int layerAt(const QModelIndex& index) const;
  /// Of the row, in order: one layer or those of a block.
  std::vector<int> layersAt(const QModelIndex& index) const;
  /// Invalid where the filter hides it.
  QModelIndex indexOf(int layer, int column = 0) const;
  /// Of the row's layers, all.
  bool isSelected(const QModelIndex& index) const;
  void setShortHeaders(bool shorter);
  const DamageScale& scale() const { return m_scale; }
  /// Damage of the row's settings, the worst of a block; NaN where it is not measured.
  double damageAt(const QModelIndex& index) const;
  /// The row's damage by bits per weight (summed over a block), rising by bits; [bits, damage].
  std::vector<QPointF> curveAt(const QModelIndex& index) const;
  QString settingText(const QModelIndex& index) const;

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& child) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex&) const override { return columns; }
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 private:
  /// A top row: a block with its layers, or a layer alone.
  struct Group {
    QString block;  ///< empty: a layer alone
    std::vector<int> layers;
  };
  void arrange();
  double numberOf(int layer, int column) const;
  std::vector<int> sorted(std::vector<int> layers) const;
  QString text(const QModelIndex& index) const;
  QString toolTip(const QModelIndex& index) const;
  const Setting* settingOf(int layer) const;
  std::size_t printOf(int layer) const;

  const Workspace& m_workspace;
  std::optional<std::vector<int>> m_visible;
  std::vector<Group> m_groups;
  std::vector<std::pair<int, int>> m_places;  ///< by layer: group and row in it (-1: the group itself); {-1, -1}: hidden
  std::vector<std::size_t> m_prints;          ///< by layer: of what its row showed last
  DamageScale m_scale;
  int m_sortColumn = -1, m_visibleCount = 0;
  Qt::SortOrder m_sortOrder = Qt::AscendingOrder;
  bool m_folded = false, m_shortHeaders = false;
};

}  // namespace planish::views
