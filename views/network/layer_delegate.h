#pragma once

#include <QStyledItemDelegate>

namespace planish::views {

class LayerModel;

/// Paints the setting as a pill in the colour of its predicted damage, a square where it is locked, and damage by bits as a sparkline.
class LayerDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  explicit LayerDelegate(const LayerModel& model, QObject* parent = nullptr);
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  /// Width of a column that holds pills with these texts.
  static int pillColumnWidth(const QStringList& texts);

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;

 private:
  void paintPill(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const;
  void paintCurve(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const;
  const LayerModel& m_model;
};

}  // namespace planish::views
