#include "app/desktop/view_dock.h"

#include "views/base/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

namespace planish::desktop {

using views::Theme;
namespace space = views::space;

namespace {

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
    addButton(layout, QStringLiteral("⧉"), QObject::tr("Float or dock %1").arg(title), [dock] { dock->setFloating(!dock->isFloating()); });
    addButton(layout, QStringLiteral("×"), QObject::tr("Close %1").arg(title), [dock] { dock->close(); });
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
  void addButton(QHBoxLayout* layout, const QString& text, const QString& tip, Act act) {
    auto* button = new QToolButton(this);
    button->setText(text);
    button->setAutoRaise(true);
    button->setFixedSize(20, 20);
    button->setFocusPolicy(Qt::NoFocus);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    connect(button, &QToolButton::clicked, this, act);
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
