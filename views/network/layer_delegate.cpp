#include "views/network/layer_delegate.h"

#include "views/network/layer_model.h"

#include <QApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

constexpr int kLockSize = 6, kPillPadding = 7;

QFont pillFont() {
  QFont font = labelFont();
  font.setWeight(QFont::DemiBold);
  return font;
}

}  // namespace

LayerDelegate::LayerDelegate(const LayerModel& model, QObject* parent) : QStyledItemDelegate(parent), m_model(model) {}

void LayerDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
  QStyledItemDelegate::initStyleOption(option, index);
  const Theme& theme = Theme::of(option->palette);
  const bool block = m_model.layerAt(index) < 0;
  option->textElideMode = index.column() == LayerModel::name ? Qt::ElideLeft : Qt::ElideRight;  // the end tells layers apart
  if (index.column() == LayerModel::bytes || index.column() == LayerModel::weights || index.column() == LayerModel::operations) option->font = digitFont();
  if (index.column() == LayerModel::name && block) option->font.setWeight(QFont::DemiBold);
  if (index.column() != LayerModel::name) {
    option->palette.setColor(QPalette::Text, theme.label);
    option->palette.setColor(QPalette::HighlightedText, theme.label);
  }
  option->state.setFlag(QStyle::State_Selected, m_model.isSelected(index));
  option->state.setFlag(QStyle::State_HasFocus, false);  // the row shows it, not each cell
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
  if (index.column() != LayerModel::setting && index.column() != LayerModel::damage) {
    QStyledItemDelegate::paint(painter, option, index);
  } else {
    QStyleOptionViewItem background = option;
    initStyleOption(&background, index);
    background.text.clear();
    const QStyle* style = option.widget ? option.widget->style() : QApplication::style();
    style->drawControl(QStyle::CE_ItemViewItem, &background, painter, option.widget);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (index.column() == LayerModel::setting) paintPill(*painter, option, index);
    else paintCurve(*painter, option, index);
    painter->restore();
  }
  if (option.state & QStyle::State_HasFocus && option.state & QStyle::State_Active && index.column() == LayerModel::name) {
    painter->setPen(QPen(Theme::of(option.palette).accent, 2));
    painter->drawLine(option.rect.topLeft() + QPoint(1, 2), option.rect.bottomLeft() + QPoint(1, -2));
  }
}

void LayerDelegate::paintPill(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const QString text = m_model.settingText(index);
  if (text.isEmpty()) return;
  const Theme& theme = Theme::of(option.palette);
  const QFont font = pillFont();
  const QFontMetrics metrics(font);
  const int room = option.rect.width() - kLockSize - 3 * space::k4;
  const int width = std::clamp(metrics.horizontalAdvance(text) + 2 * kPillPadding, 0, room);
  const int height = std::min(metrics.height() + 3, option.rect.height() - 2);
  QRectF pill(0, 0, width, height);
  pill.moveCenter(QPointF(option.rect.left() + space::k4 + room / 2.0, option.rect.center().y() + 0.5));
  const double damage = m_model.damageAt(index);
  const bool measured = std::isfinite(damage);
  const QColor fill = m_model.scale().colour(theme, damage);
  painter.setPen(measured ? QPen(Qt::NoPen) : QPen(theme.label, 1, Qt::DotLine));
  painter.setBrush(measured ? fill : QColor(Qt::transparent));
  painter.drawRoundedRect(pill, height / 2.0, height / 2.0);
  painter.setFont(font);
  painter.setPen(measured ? Theme::textOn(fill) : theme.text);
  painter.drawText(pill, Qt::AlignCenter, metrics.elidedText(text, Qt::ElideRight, width - kPillPadding));
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
