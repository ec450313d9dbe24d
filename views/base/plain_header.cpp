#include "views/base/plain_header.h"

#include "views/base/theme.h"

#include <QPainter>

namespace planish::views {

PlainHeader::PlainHeader(Qt::Orientation orientation, QWidget* parent) : QHeaderView(orientation, parent) {
  setFont(labelFont());
  setHighlightSections(false);
  setSectionsClickable(true);
}

QSize PlainHeader::sizeHint() const {
  QSize size = QHeaderView::sizeHint();
  if (orientation() == Qt::Horizontal) size.setHeight(QFontMetrics(font()).height() + space::k8);
  return size;
}

void PlainHeader::paintEvent(QPaintEvent* event) {
  const Theme& theme = Theme::of(this);
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), theme.panel);
  painter.end();
  QHeaderView::paintEvent(event);
  QPainter line(viewport());
  line.setPen(theme.line);
  line.drawLine(viewport()->rect().bottomLeft(), viewport()->rect().bottomRight());
}

void PlainHeader::paintSection(QPainter* painter, const QRect& rect, int section) const {
  const Theme& theme = Theme::of(this);
  painter->fillRect(rect, theme.panel);
  if (!model()) return;
  const bool sorted = isSortIndicatorShown() && sortIndicatorSection() == section;
  const auto alignment = Qt::Alignment(model()->headerData(section, orientation(), Qt::TextAlignmentRole).toInt());
  QRect room = rect.adjusted(space::k4, 0, -space::k4, 0);
  if (sorted) room.adjust(0, 0, -10, 0);
  painter->setFont(font());
  painter->setPen(sorted ? theme.text : theme.label);
  const QString text = QFontMetrics(font()).elidedText(model()->headerData(section, orientation()).toString(), Qt::ElideRight, room.width());
  painter->drawText(room, static_cast<int>(alignment ? alignment : Qt::AlignLeft | Qt::AlignVCenter), text);
  if (!sorted) return;
  const double x = rect.right() - space::k8, y = rect.center().y(), up = sortIndicatorOrder() == Qt::AscendingOrder ? -1 : 1;
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setPen(Qt::NoPen);
  painter->setBrush(theme.text);
  painter->drawPolygon(QPolygonF({QPointF(x - 3.5, y - 2 * up), QPointF(x + 3.5, y - 2 * up), QPointF(x, y + 2.5 * up)}));
  painter->restore();
}

}  // namespace planish::views
