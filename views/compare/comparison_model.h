#pragma once

#include "views/compare/plan_comparison.h"

#include <QAbstractTableModel>

#include <memory>

namespace planish::views {

/// The rows of a comparison, all or only those that differ.
class ComparisonModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { mark, name, settingA, settingB, bytes, damage, columns };

  explicit ComparisonModel(const Workspace& workspace, QObject* parent = nullptr) : QAbstractTableModel(parent), m_workspace(workspace) {}
  void setComparison(std::shared_ptr<const PlanComparison> comparison, bool onlyDiffering);
  int layerAt(int row) const { return rowAt(row).layer; }
  int rowOf(int layer) const;  ///< -1 where it is not shown

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_rows.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : columns; }
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  const PlanComparison::Row& rowAt(int row) const { return m_comparison->rows[m_rows[static_cast<std::size_t>(row)]]; }
  const Workspace& m_workspace;
  std::shared_ptr<const PlanComparison> m_comparison;
  std::vector<std::size_t> m_rows;
};

}  // namespace planish::views
