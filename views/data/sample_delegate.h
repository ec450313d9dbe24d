#pragma once

#include <QStyledItemDelegate>

namespace planish::views {

/// A sample as a card: its picture, its label, and what the networks say. A changed answer has an orange edge and stands as "7 → 1".
class SampleDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace planish::views
