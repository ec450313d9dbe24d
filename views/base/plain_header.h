#pragma once

#include <QHeaderView>

namespace planish::views {

/// Header of a list or table without frames: captions in the label's colour, a small arrow where it is sorted, one line under it all.
class PlainHeader : public QHeaderView {
  Q_OBJECT

 public:
  explicit PlainHeader(Qt::Orientation orientation, QWidget* parent = nullptr);
  QSize sizeHint() const override;

 protected:
  void paintSection(QPainter* painter, const QRect& rect, int section) const override;
  void paintEvent(QPaintEvent* event) override;
};

}  // namespace planish::views
