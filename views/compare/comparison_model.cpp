#include "views/compare/comparison_model.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <cmath>

namespace planish::views {

void ComparisonModel::setComparison(std::shared_ptr<const PlanComparison> comparison, bool onlyDiffering) {
  beginResetModel();
  m_comparison = std::move(comparison);
  m_rows.clear();
  for (std::size_t i = 0; i < m_comparison->rows.size(); ++i)
    if (!onlyDiffering || m_comparison->rows[i].differs) m_rows.push_back(i);
  endResetModel();
}

int ComparisonModel::rowOf(int layer) const {
  for (std::size_t row = 0; row < m_rows.size(); ++row)
    if (rowAt(static_cast<int>(row)).layer == layer) return static_cast<int>(row);
  return -1;
}

QVariant ComparisonModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || !m_workspace.network) return {};
  const auto& row = rowAt(index.row());
  const auto* table = m_workspace.table();
  const auto& layer = m_workspace.network->layers.items[static_cast<std::size_t>(row.layer)].name;
  if (role == Qt::DisplayRole) {
    switch (index.column()) {
      case mark: return row.differs ? QStringLiteral("●") : QString();
      case name: return plainName(layer);
      case settingA: return QString::fromStdString(toText(row.a));
      case settingB: return QString::fromStdString(toText(row.b));
      case bytes: return !row.differs ? QString() : (row.bytes > 0 ? QStringLiteral("+") : QString()) + bytesText(Bytes{row.bytes}).chopped(2);
      case damage:
        if (!row.differs) return QString();
        return row.damage ? (row.damage->mean > 0 ? QStringLiteral("+") : QString()) + estimateText(*row.damage) : tr("not measured");
      default: return {};
    }
  }
  if (role == Qt::ForegroundRole) {
    const Theme& theme = Theme::of(QPalette());
    if (index.column() == mark) return theme.accent;
    if (!row.differs) return theme.label;
    // Fewer bytes or less damage in A is good for A; the sign says it too.
    if (index.column() == damage && row.damage && std::abs(row.damage->mean) > 2 * row.damage->standardError) return row.damage->mean > 0 ? theme.limit : theme.done;
    return theme.text;
  }
  if (role == Qt::FontRole && (index.column() == bytes || index.column() == damage)) return digitFont();
  if (role == Qt::TextAlignmentRole) return QVariant((index.column() == bytes || index.column() == damage ? Qt::AlignRight : index.column() == mark ? Qt::AlignHCenter : Qt::AlignLeft) | Qt::AlignVCenter);
  if (role == Qt::AccessibleTextRole && index.column() == mark) return row.differs ? tr("differs") : tr("the same");
  if (role == Qt::ToolTipRole) {
    QString tip = plainName(layer, 400);
    if (row.damage && row.differs) tip += QLatin1Char('\n') + estimateText(*row.damage, table ? QString::fromStdString(table->unit) : QString(), true);
    return QStringLiteral("<p style='white-space:pre'>") + tip.toHtmlEscaped() + QStringLiteral("</p>");
  }
  return {};
}

QVariant ComparisonModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) return QVariant((section == bytes || section == damage ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case name: return tr("layer");
    case settingA: return QStringLiteral("A");
    case settingB: return QStringLiteral("B");
    case bytes: return tr("bytes A−B");
    case damage: return tr("Δ%1 A−B").arg(scoreName(m_workspace.metric));
    default: return QString();
  }
}

}  // namespace planish::views
