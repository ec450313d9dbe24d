#include "app/desktop/view_dock.h"

#include "views/base/theme.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

namespace planish::desktop {

using views::Theme;
namespace space = views::space;

namespace {

/// A small sign, drawn so that no font has to have it.
class HeaderButton : public QAbstractButton {
 public:
  enum class Sign { detach, close };
  HeaderButton(Sign sign, QWidget* parent) : QAbstractButton(parent), m_sign(sign) {
    setFixedSize(20, 20);
    setFocusPolicy(Qt::NoFocus);
    setAttribute(Qt::WA_Hover);
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::of(this);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse()) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(theme.raised);
      painter.drawRoundedRect(rect(), space::kControlRadius, space::kControlRadius);
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(underMouse() ? theme.text : theme.label, 1.2));
    if (m_sign == Sign::close) {
      painter.drawLine(QPointF(6.5, 6.5), QPointF(13.5, 13.5));
      painter.drawLine(QPointF(13.5, 6.5), QPointF(6.5, 13.5));
    } else {
      painter.drawRect(QRectF(5.5, 8.5, 6, 6));
      painter.drawPolyline(QPolygonF({{8.5, 8.5}, {8.5, 5.5}, {14.5, 5.5}, {14.5, 11.5}, {11.5, 11.5}}));
    }
  }

 private:
  Sign m_sign;
};

/// The upper part of the panel: dragging it moves the dock.
class PanelHeader : public QWidget {
 public:
  PanelHeader(const QString& title, ViewDock* dock) : QWidget(dock), m_hint(new QLabel(this)) {
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(space::k12, space::k8, space::k8, space::k4);
    layout->setSpacing(space::k8);
    auto* name = new QLabel(title, this);
    name->setFont(views::titleFont());
    m_hint->setFont(views::labelFont());
    m_hint->setForegroundRole(QPalette::PlaceholderText);
    m_hint->setTextFormat(Qt::PlainText);
    m_hint->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_hint->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    layout->addWidget(name);
    layout->addWidget(m_hint, 1);
    addButton(layout, HeaderButton::Sign::detach, QObject::tr("Float or dock %1").arg(title), [dock] { dock->setFloating(!dock->isFloating()); });
    addButton(layout, HeaderButton::Sign::close, QObject::tr("Close %1").arg(title), [dock] { dock->close(); });
  }
  void setHint(const QString& hint) {
    m_text = hint;
    elide();
  }

 protected:
  void resizeEvent(QResizeEvent*) override { elide(); }
  QSize minimumSizeHint() const override { return {80, QWidget::minimumSizeHint().height()}; }

 private:
  template <typename Act>
  void addButton(QHBoxLayout* layout, HeaderButton::Sign sign, const QString& tip, Act act) {
    auto* button = new HeaderButton(sign, this);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    connect(button, &QAbstractButton::clicked, this, act);
    layout->addWidget(button);
  }
  void elide() {
    m_hint->setText(m_hint->fontMetrics().elidedText(m_text, Qt::ElideRight, m_hint->width()));
    m_hint->setToolTip(m_hint->text() == m_text ? QString() : m_text.toHtmlEscaped());
  }
  QLabel* m_hint;
  QString m_text;
};

}  // namespace

ViewDock::ViewDock(views::View* view, QWidget* parent) : QDockWidget(view->title(), parent), m_view(view) {
  setObjectName(QStringLiteral("dock.") + view->id());
  auto* header = new PanelHeader(view->title(), this);
  setTitleBarWidget(header);
  header->setHint(view->hint());
  connect(view, &views::View::hintChanged, header, [header](const QString& hint) { header->setHint(hint); });
  auto* body = new QWidget(this);
  auto* layout = new QVBoxLayout(body);
  layout->setContentsMargins(1, 0, 1, 1);
  layout->addWidget(view);
  setWidget(body);
}

void ViewDock::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(theme.line);
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), space::kPanelRadius, space::kPanelRadius);
}

}  // namespace planish::desktop
