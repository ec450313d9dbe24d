#include "views/data/sample_delegate.h"

#include "views/base/theme.h"
#include "views/data/sample_model.h"

#include <QPainter>

namespace planish::views {
namespace {

constexpr int kPicture = 64, kCard = 84;

/// Enlarged pictures keep their pixels: what the network sees is not smooth.
void paintPicture(QPainter& painter, const QImage& picture, const QRect& box) {
  const QSize size = picture.size().scaled(box.size(), Qt::KeepAspectRatio);
  const QRect place(box.center() - QPoint(size.width() / 2 - 1, size.height() / 2 - 1), size);
  painter.setRenderHint(QPainter::SmoothPixmapTransform, picture.width() > size.width());
  painter.drawImage(place, picture);
}

}  // namespace

QSize SampleDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
  return {kCard + space::k8, space::k8 + kPicture + space::k4 + 2 * QFontMetrics(labelFont()).height() + space::k4 + space::k8};
}

void SampleDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const Theme& theme = Theme::of(option.palette);
  const bool changed = index.data(SampleModel::changedRole).toBool(), wrong = index.data(SampleModel::wrongRole).toBool();
  const bool selected = option.state & QStyle::State_Selected;
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const QRectF card = QRectF(option.rect).adjusted(2, 2, -2, -2);
  painter->setPen(selected ? QPen(theme.accent, 1.6) : changed ? QPen(theme.limit, 1.2) : QPen(theme.line, 1));
  painter->setBrush(selected ? theme.accentFaint : theme.panel);
  painter->drawRoundedRect(card, space::kControlRadius, space::kControlRadius);
  if (option.state & QStyle::State_HasFocus) {
    painter->setPen(QPen(theme.text, 1, Qt::DotLine));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(card.adjusted(-1.5, -1.5, 1.5, 1.5), space::kControlRadius + 1, space::kControlRadius + 1);
  }
  const QRect picture(static_cast<int>(card.center().x()) - kPicture / 2, static_cast<int>(card.top()) + space::k4 + 1, kPicture, kPicture);
  const auto image = index.data(SampleModel::pictureRole).value<QImage>();
  if (image.isNull()) painter->fillRect(picture, theme.raised);
  else paintPicture(*painter, image, picture);

  const QFontMetrics metrics(labelFont());
  painter->setFont(labelFont());
  const QRect inner = card.toRect().adjusted(space::k4, 0, -space::k4, 0);
  QRect line(inner.left(), picture.bottom() + space::k4, inner.width(), metrics.height());
  const QString label = index.data(SampleModel::labelRole).toString(), original = index.data(SampleModel::originalRole).toString(),
                compressed = index.data(SampleModel::compressedRole).toString();
  const auto write = [&](const QString& text, const QColor& colour) {
    painter->setPen(colour);
    painter->drawText(line, Qt::AlignHCenter | Qt::AlignVCenter, metrics.elidedText(text, Qt::ElideMiddle, line.width()));
    line.translate(0, metrics.height());
  };
  write(label.isEmpty() ? QStringLiteral("#%1").arg(index.data(SampleModel::sampleRole).toInt()) : label, theme.label);
  if (changed) write(QStringLiteral("%1 → %2").arg(original, compressed), theme.limit);
  else if (!original.isEmpty() && label.isEmpty()) write(original, theme.text);
  else if (!original.isEmpty()) write((wrong ? QStringLiteral("✗ ") : QStringLiteral("✓ ")) + original, wrong ? theme.error : theme.done);
  painter->restore();
}

}  // namespace planish::views
