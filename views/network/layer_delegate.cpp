#include "views/network/layer_delegate.h"

#include "views/network/layer_model.h"

#include <QApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <utility>

namespace planish::views {
namespace {

constexpr int kLockSize = 6, kPillPadding = 7, kMostTexts = 4000;

QFont pillFont() {
  QFont font = labelFont();
  font.setWeight(QFont::DemiBold);
  return font;
}

}  // namespace

LayerDelegate::LayerDelegate(const LayerModel& model, QObject* parent) : QStyledItemDelegate(parent), m_model(model) {}

LayerDelegate::Face LayerDelegate::faceOf(const QModelIndex& index) const {
  if (index.column() == LayerModel::bytes || index.column() == LayerModel::weights || index.column() == LayerModel::operations) return digits;
  return index.column() == LayerModel::name && m_model.layerAt(index) < 0 ? strong : plain;
}

void LayerDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
  QStyledItemDelegate::initStyleOption(option, index);
  const Face face = faceOf(index);
  if (face == digits) option->font = digitFont();
  if (face == strong) option->font.setWeight(QFont::DemiBold);
}

void LayerDelegate::takeFont(const QFont& font) const {
  if (std::exchange(m_made, true) && m_texts[plain].font == font) return;
  for (auto& texts : m_texts) texts = {};
  m_texts[plain].font = m_texts[strong].font = font;
  m_texts[strong].font.setWeight(QFont::DemiBold);
  m_texts[digits].font = digitFont();
  m_texts[pill].font = pillFont();
}

void LayerDelegate::paintText(QPainter& painter, Face face, const QString& text, const QRectF& area, Qt::Alignment alignment, Qt::TextElideMode elide) const {
  if (text.isEmpty() || area.width() <= 0) return;
  Texts& texts = m_texts[face];
  const std::pair key(text, static_cast<int>(area.width()));
  auto found = texts.made.constFind(key);
  if (found == texts.made.constEnd()) {
    if (texts.made.size() > kMostTexts) texts.made.clear();
    QStaticText made(QFontMetrics(texts.font).elidedText(text, elide, key.second));
    made.setTextFormat(Qt::PlainText);
    made.setPerformanceHint(QStaticText::AggressiveCaching);
    made.prepare({}, texts.font);
    found = texts.made.insert(key, made);
  }
  const QSizeF size = found->size();
  const double left = alignment & Qt::AlignRight ? area.right() - size.width() : alignment & Qt::AlignHCenter ? area.center().x() - size.width() / 2 : area.left();
  painter.setFont(texts.font);
  painter.drawStaticText(QPointF(left, area.center().y() - size.height() / 2), *found);
}

QSize LayerDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const int height = QFontMetrics(option.font).height() + space::k8;
  return {QStyledItemDelegate::sizeHint(option, index).width(), height};
}

int LayerDelegate::pillColumnWidth(const QStringList& texts) {
  const QFontMetrics metrics(pillFont());
  int width = metrics.horizontalAdvance(QStringLiteral("int8"));
  for (const auto& text : texts) width = std::max(width, metrics.horizontalAdvance(text));
  return std::min(width, metrics.averageCharWidth() * 16) + 2 * kPillPadding + kLockSize + 3 * space::k4;
}

void LayerDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  takeFont(option.font);
  const QStyle* style = option.widget ? option.widget->style() : QApplication::style();
  const Theme& theme = Theme::of(option.palette);
  const bool selected = m_model.isSelected(index);
  if (selected || option.state & QStyle::State_MouseOver) {
    QStyleOptionViewItem background = option;
    background.index = index;
    background.state.setFlag(QStyle::State_Selected, selected);
    background.state.setFlag(QStyle::State_HasFocus, false);  // the row shows it, not each cell
    style->drawPrimitive(QStyle::PE_PanelItemViewItem, &background, painter, option.widget);
  }
  if (index.column() == LayerModel::setting || index.column() == LayerModel::damage) {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (index.column() == LayerModel::setting) paintPill(*painter, option, index);
    else paintCurve(*painter, option, index);
    painter->restore();
  } else {
    const bool isName = index.column() == LayerModel::name;
    const int margin = style->pixelMetric(QStyle::PM_FocusFrameHMargin, &option, option.widget) + 1;
    painter->setPen(isName ? option.palette.color(selected ? QPalette::HighlightedText : QPalette::Text) : theme.label);
    paintText(*painter, faceOf(index), index.data().toString(), QRectF(option.rect).adjusted(margin, 0, -margin, 0), faceOf(index) == digits ? Qt::AlignRight : Qt::AlignLeft,
              isName ? Qt::ElideLeft : Qt::ElideRight);  // the end tells layers apart
  }
  if (option.state & QStyle::State_HasFocus && option.state & QStyle::State_Active && index.column() == LayerModel::name) {
    painter->setPen(QPen(theme.accent, 2));
    painter->drawLine(option.rect.topLeft() + QPoint(1, 2), option.rect.bottomLeft() + QPoint(1, -2));
  }
}

void LayerDelegate::paintPill(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const QString text = m_model.settingText(index);
  if (text.isEmpty()) return;
  const Theme& theme = Theme::of(option.palette);
  const QFontMetrics metrics(m_texts[pill].font);
  const int room = option.rect.width() - kLockSize - 3 * space::k4;
  const int width = std::clamp(metrics.horizontalAdvance(text) + 2 * kPillPadding, 0, room);
  const int height = std::min(metrics.height() + 3, option.rect.height() - 2);
  QRectF shape(0, 0, width, height);
  shape.moveCenter(QPointF(option.rect.left() + space::k4 + room / 2.0, option.rect.center().y() + 0.5));
  const double damage = m_model.damageAt(index);
  const bool measured = std::isfinite(damage);
  const QColor fill = m_model.scale().colour(theme, damage);
  painter.setPen(measured ? QPen(Qt::NoPen) : QPen(theme.label, 1, Qt::DotLine));
  painter.setBrush(measured ? fill : QColor(Qt::transparent));
  painter.drawRoundedRect(shape, height / 2.0, height / 2.0);
  painter.setPen(measured ? Theme::textOn(fill) : theme.text);
  const double padding = kPillPadding / 2.0;
  paintText(painter, pill, text, shape.adjusted(padding, 0, -padding, 0), Qt::AlignHCenter, Qt::ElideRight);
  if (!index.data(LayerModel::lockedRole).toBool()) return;
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.accent);
  painter.drawRect(QRectF(option.rect.right() - space::k4 - kLockSize, option.rect.center().y() - kLockSize / 2.0 + 0.5, kLockSize, kLockSize));
}

void LayerDelegate::paintCurve(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const auto points = m_model.curveAt(index);
  if (points.empty()) return;
  const Theme& theme = Theme::of(option.palette);
  const QRectF area = QRectF(option.rect).adjusted(space::k4, 4.5, -space::k4, -4.5);
  const double low = points.front().x(), width = std::max(points.back().x() - low, 1e-9);
  const double current = m_model.damageAt(index);
  QPolygonF line;
  for (const auto& point : points) {
    const double fraction = m_model.scale().fraction(point.y());
    line << QPointF(area.left() + (point.x() - low) / width * area.width(), area.bottom() - fraction * area.height());
  }
  painter.setPen(QPen(theme.accent, 1.4));
  painter.setBrush(Qt::NoBrush);
  painter.drawPolyline(line);
  if (m_model.layerAt(index) < 0) return;
  for (int i = 0; i < line.size(); ++i)
    if (points[static_cast<std::size_t>(i)].y() == current) {
      painter.setBrush(theme.accent);
      painter.setPen(Qt::NoPen);
      painter.drawEllipse(line[i], 2.4, 2.4);
      return;
    }
}

}  // namespace planish::views
