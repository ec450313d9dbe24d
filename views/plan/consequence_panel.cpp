#include "views/plan/consequence_panel.h"

#include "views/base/theme.h"

#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {

ConsequencePanel::ConsequencePanel(QWidget* owner) : QFrame(owner), m_owner(owner) {
  setObjectName(QStringLiteral("consequence"));
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setFocusPolicy(Qt::NoFocus);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(3);
  const auto line = [&](const QFont& font) {
    auto* label = new QLabel(this);
    label->setTextFormat(Qt::PlainText);
    label->setFont(font);
    layout->addWidget(label);
    return label;
  };
  m_title = line(titleFont());
  m_numbers = line(digitFont());
  m_totals = line(labelFont());
  m_refusal = line(labelFont());
  m_hint = line(labelFont());
  m_refusal->setWordWrap(true);
  hide();
}

void ConsequencePanel::set(QLabel* label, const QString& text) {
  label->setText(text);
  label->setVisible(!text.isEmpty());
}

void ConsequencePanel::showAt(const QPoint& ownerPosition, const Consequence& lines) {
  if (parentWidget() != m_owner->window()) setParent(m_owner->window());
  const Theme& theme = Theme::of(m_owner);
  QPalette colours = m_owner->palette();
  colours.setColor(QPalette::WindowText, theme.text);
  setPalette(colours);
  colours.setColor(QPalette::WindowText, theme.label);
  for (QLabel* label : {m_totals, m_hint}) label->setPalette(colours);
  colours.setColor(QPalette::WindowText, theme.limit);
  m_refusal->setPalette(colours);
  set(m_title, lines.title);
  set(m_numbers, lines.numbers);
  set(m_totals, lines.totals);
  set(m_refusal, lines.refusal);
  set(m_hint, lines.hint);
  m_refusal->setMinimumWidth(lines.refusal.isEmpty() ? 0 : std::min(320, m_refusal->fontMetrics().horizontalAdvance(lines.refusal) + 4));
  layout()->activate();
  adjustSize();
  const QPoint at = m_owner->mapTo(parentWidget(), ownerPosition);
  const QRect room = parentWidget()->rect().adjusted(4, 4, -4, -4);
  int x = at.x() + 18, y = at.y() - height() / 2;
  if (x + width() > room.right()) x = at.x() - 18 - width();
  x = std::clamp(x, room.left(), std::max(room.left(), room.right() - width()));
  y = std::clamp(y, room.top(), std::max(room.top(), room.bottom() - height()));
  move(x, y);
  show();
  raise();
}

QString ConsequencePanel::text() const {
  QStringList lines;
  for (const QLabel* label : {m_title, m_numbers, m_totals, m_refusal, m_hint})
    if (!label->text().isEmpty()) lines << label->text();
  return lines.join(QLatin1Char('\n'));
}

void ConsequencePanel::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(m_owner);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.accent, 1));
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), space::kPanelRadius, space::kPanelRadius);
}

}  // namespace planish::views
