#pragma once

#include <QHash>
#include <QStaticText>
#include <QStyledItemDelegate>

namespace planish::views {

class LayerModel;

/// Paints the setting as a pill in the colour of its predicted damage, a square where it is locked, and damage by bits as a sparkline.
/// Texts are laid out once and kept: a tree of layers is painted whole whenever it scrolls.
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
  enum Face { plain, strong, digits, pill, faces };
  /// The texts of one font, by what is written and the width that it may take.
  struct Texts {
    QFont font;
    QHash<std::pair<QString, int>, QStaticText> made;
  };
  Face faceOf(const QModelIndex& index) const;
  /// `text` on one line, with an ellipsis where it is too wide.
  void paintText(QPainter& painter, Face face, const QString& text, const QRectF& area, Qt::Alignment alignment, Qt::TextElideMode elide) const;
  void paintPill(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const;
  void paintCurve(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const;
  void takeFont(const QFont& font) const;
  const LayerModel& m_model;
  mutable Texts m_texts[faces];
  mutable bool m_made = false;
};

}  // namespace planish::views
