#include "app/desktop/welcome_page.h"

#include "views/base/theme.h"

#include <QAbstractButton>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

namespace planish::desktop {

namespace space = views::space;

namespace {

/// A choice with a line about it.
class Card : public QAbstractButton {
 public:
  Card(const QString& title, const QString& about, QWidget* parent) : QAbstractButton(parent), m_about(about) {
    setText(title);
    setAccessibleName(title);
    setAccessibleDescription(about);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  }
  QSize sizeHint() const override { return {360, fontMetrics().height() * 2 + 3 * space::k8}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const views::Theme& theme = views::Theme::of(this);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(underMouse() || hasFocus() ? theme.accent : theme.line, hasFocus() ? 2 : 1));
    painter.setBrush(underMouse() ? theme.accentFaint : theme.panel);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), space::kPanelRadius, space::kPanelRadius);
    const QRect inner = rect().adjusted(space::k12, space::k8, -space::k12, -space::k8);
    painter.setFont(views::titleFont());
    painter.setPen(theme.text);
    painter.drawText(inner, Qt::AlignTop, painter.fontMetrics().elidedText(text(), Qt::ElideMiddle, inner.width()));
    painter.setFont(views::labelFont());
    painter.setPen(theme.label);
    painter.drawText(inner, Qt::AlignBottom, painter.fontMetrics().elidedText(m_about, Qt::ElideMiddle, inner.width()));
  }

 private:
  QString m_about;
};

QLabel* heading(const QString& text, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  label->setFont(views::titleFont());
  return label;
}

QLabel* grey(const QString& text, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  label->setForegroundRole(QPalette::PlaceholderText);
  label->setWordWrap(true);
  return label;
}

}  // namespace

WelcomePage::WelcomePage(QWidget* parent) : QWidget(parent), m_recent(new QVBoxLayout) {
  m_recent->setSpacing(space::k8);
  setObjectName(QStringLiteral("welcome"));
  auto* outer = new QVBoxLayout(this);
  outer->addStretch(2);
  auto* middle = new QHBoxLayout;
  outer->addLayout(middle);
  outer->addStretch(3);
  middle->addStretch(1);
  auto* column = new QVBoxLayout;
  column->setSpacing(space::k8);
  middle->addLayout(column, 3);
  middle->addStretch(1);

  auto* name = new QLabel(QStringLiteral("Planish"), this);
  QFont large = views::titleFont();
  large.setPointSizeF(large.pointSizeF() * 2.2);
  name->setFont(large);
  column->addWidget(name);
  column->addWidget(grey(tr("Compress a trained network layer by layer: see what each layer can bear, shape the plan by hand, watch the accuracy while it is made real."), this));
  column->addSpacing(space::k16);

  auto* sides = new QHBoxLayout;
  sides->setSpacing(space::k16 * 2);
  column->addLayout(sides);
  auto* left = new QVBoxLayout;
  auto* right = new QVBoxLayout;
  sides->addLayout(left, 1);
  sides->addLayout(right, 1);

  left->addWidget(heading(tr("Start"), this));
  auto* open = new Card(tr("Open a network or project…"), tr("ONNX or .planish; or drop the file anywhere in this window"), this);
  open->setObjectName(QStringLiteral("welcome.open"));
  connect(open, &QAbstractButton::clicked, this, &WelcomePage::openAsked);
  left->addWidget(open);
  const auto demo = [&](const QString& id, const QString& title, const QString& about) {
    auto* button = new Card(title, about, this);
    button->setObjectName(QStringLiteral("welcome.demo.") + id);
    connect(button, &QAbstractButton::clicked, this, [this, id] { Q_EMIT demoChosen(id); });
    left->addWidget(button);
  };
  demo(QStringLiteral("glyphs"), tr("Demo: written characters"), tr("54 layers, 47 classes, 2 000 pictures: the whole story in five minutes"));
  demo(QStringLiteral("digits"), tr("Demo: digits"), tr("A small network; everything takes seconds"));
  left->setSpacing(space::k8);
  right->setSpacing(space::k8);
  left->addStretch(1);

  right->addWidget(heading(tr("Recent"), this));
  right->addLayout(m_recent);
  right->addStretch(1);
  setRecent({});
}

void WelcomePage::setRecent(const QStringList& paths) {
  while (auto* item = m_recent->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  if (paths.isEmpty()) m_recent->addWidget(grey(tr("Projects and networks that you open are listed here."), this));
  for (const QString& path : paths) {
    const QFileInfo file(path);
    auto* button = new Card(file.fileName(), file.path(), this);
    button->setToolTip(path.toHtmlEscaped());
    connect(button, &QAbstractButton::clicked, this, [this, path] { Q_EMIT recentChosen(path); });
    m_recent->addWidget(button);
  }
}

}  // namespace planish::desktop
