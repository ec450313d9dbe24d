#include "views/layer/setting_pills.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace planish::views {

SettingPill::SettingPill(QWidget* parent) : QAbstractButton(parent) {
  setCheckable(true);
  setFont(labelFont());
  setCursor(Qt::PointingHandCursor);
  setAttribute(Qt::WA_Hover);
}

void SettingPill::show(const MenuItem& item, const QString& unit, bool current, bool solvers) {
  m_setting = item.setting;
  m_solvers = solvers;
  const QString name = QString::fromStdString(toText(item.setting));
  setText(name);
  setChecked(current);
  setEnabled(item.legal());
  setFocusPolicy(current ? Qt::StrongFocus : Qt::ClickFocus);
  QString tip = name;
  if (!item.legal()) {
    tip += QStringLiteral("\n") + tr("Not possible: %1").arg(item.refusal);
  } else {
    if (item.damage && !item.setting.isKeep()) tip += QStringLiteral("\n") + tr("damage %1").arg(estimateText(*item.damage, unit, true));
    if (!item.damage) tip += QStringLiteral("\n") + tr("damage not measured");
    tip += QStringLiteral("\n") + bytesText(item.bits.bytes());
    if (current) tip += QStringLiteral("\n") + tr("The plan's setting");
    if (solvers) tip += QStringLiteral("\n") + tr("What the solver would take");
  }
  setToolTip(QStringLiteral("<p style='white-space:pre'>") + tip.toHtmlEscaped() + QStringLiteral("</p>"));
  setAccessibleName(tr("Setting %1").arg(name));
  setAccessibleDescription(tip);
  updateGeometry();
  update();
}

QSize SettingPill::sizeHint() const { return {fontMetrics().horizontalAdvance(text()) + 2 * space::k8 + 2, fontMetrics().height() + space::k4 + 2}; }

void SettingPill::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF body = QRectF(rect()).adjusted(1, 1, -1, -1);
  const double radius = body.height() / 2;
  painter.setPen(isChecked() ? Qt::NoPen : QPen(underMouse() && isEnabled() ? theme.accent : theme.line, 1));
  painter.setBrush(isChecked() ? theme.accent : isEnabled() ? theme.raised : QBrush(Qt::NoBrush));
  painter.drawRoundedRect(body, radius, radius);
  painter.setBrush(Qt::NoBrush);
  if (m_solvers && !isChecked()) {
    painter.setPen(QPen(theme.text, 1, Qt::DashLine));
    painter.drawRoundedRect(body, radius, radius);
  }
  if (hasFocus()) {
    painter.setPen(QPen(isChecked() ? theme.text : theme.accent, 1.5));
    painter.drawRoundedRect(body.adjusted(-0.3, -0.3, 0.3, 0.3), radius, radius);
  }
  painter.setPen(!isEnabled() ? theme.disabled : isChecked() ? Theme::textOn(theme.accent) : theme.text);
  painter.drawText(rect(), Qt::AlignCenter, text());
}

SettingPills::SettingPills(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Settings of this layer"));
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void SettingPills::show(const std::vector<MenuItem>& menu, const QString& unit, const Setting& current, const Setting* solvers) {
  while (m_pills.size() < menu.size()) {
    auto* pill = new SettingPill(this);
    pill->installEventFilter(this);
    connect(pill, &QAbstractButton::clicked, this, [this, pill] {
      const Setting setting = pill->setting();
      // What is checked is what the plan says: the answer sets it.
      for (std::size_t i = 0; i < m_used; ++i) m_pills[i]->setChecked(m_pills[i] == pill);
      Q_EMIT chosen(setting);
    });
    m_pills.push_back(pill);
  }
  m_used = menu.size();
  bool any = false;
  for (std::size_t i = 0; i < m_pills.size(); ++i) {
    m_pills[i]->setVisible(i < m_used);
    if (i >= m_used) continue;
    m_pills[i]->show(menu[i], unit, menu[i].setting == current, solvers && menu[i].setting == *solvers);
    any = any || m_pills[i]->isChecked();
  }
  if (!any && m_used > 0) m_pills.front()->setFocusPolicy(Qt::StrongFocus);
  place(width(), true);
  updateGeometry();
}

/// Left to right, wrapping; the height that it takes.
int SettingPills::place(int width, bool move) const {
  int x = 0, y = 0, height = 0;
  for (std::size_t i = 0; i < m_used; ++i) {
    const QSize size = m_pills[i]->sizeHint();
    if (x > 0 && x + size.width() > width) {
      x = 0;
      y += size.height() + space::k4;
    }
    if (move) m_pills[i]->setGeometry(QRect(QPoint(x, y), size));
    x += size.width() + space::k4;
    height = y + size.height();
  }
  return height;
}

QSize SettingPills::sizeHint() const { return {300, place(std::max(width(), 300), false)}; }
QSize SettingPills::minimumSizeHint() const { return {60, m_used > 0 ? m_pills.front()->sizeHint().height() : 0}; }

void SettingPills::resizeEvent(QResizeEvent*) { place(width(), true); }

bool SettingPills::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  const int step = key == Qt::Key_Right || key == Qt::Key_Down ? 1 : key == Qt::Key_Left || key == Qt::Key_Up ? -1 : 0;
  auto* pill = qobject_cast<SettingPill*>(watched);
  if (pill && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
    pill->click();
    return true;
  }
  if (step == 0 || !pill) return QWidget::eventFilter(watched, event);
  auto at = static_cast<int>(std::find(m_pills.begin(), m_pills.end(), pill) - m_pills.begin()) + step;
  while (at >= 0 && at < static_cast<int>(m_used) && !m_pills[static_cast<std::size_t>(at)]->isEnabled()) at += step;
  if (at >= 0 && at < static_cast<int>(m_used)) m_pills[static_cast<std::size_t>(at)]->setFocus(Qt::TabFocusReason);
  return true;
}

}  // namespace planish::views
