#pragma once

#include <QLabel>
#include <QPainter>

namespace planish::views {

/// One line of literal text that ends with "…" where there is no room, and is then whole in its tool tip.
class LineLabel : public QLabel {
 public:
  explicit LineLabel(QWidget* parent = nullptr, Qt::TextElideMode mode = Qt::ElideRight) : QLabel(parent), m_mode(mode) { setTextFormat(Qt::PlainText); }
  QSize minimumSizeHint() const override { return {fontMetrics().averageCharWidth() * 6, QLabel::minimumSizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setPen(palette().color(foregroundRole()));
    const QString shown = fontMetrics().elidedText(text(), m_mode, contentsRect().width());
    painter.drawText(contentsRect(), static_cast<int>(alignment()) | Qt::TextSingleLine, shown);
    const QString tip = shown == text() ? QString() : QStringLiteral("<p>") + text().toHtmlEscaped() + QStringLiteral("</p>");
    if (toolTip() != tip) setToolTip(tip);
  }

 private:
  Qt::TextElideMode m_mode;
};

}  // namespace planish::views
