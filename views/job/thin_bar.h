#pragma once

#include <QColor>
#include <QWidget>

namespace planish::views {

/// A share of a whole as a thin rounded bar.
class ThinBar : public QWidget {
 public:
  explicit ThinBar(QWidget* parent = nullptr);
  void setValue(double fraction);
  double value() const { return m_value; }
  /// Invalid: the accent colour.
  void setColor(const QColor& color);
  QSize sizeHint() const override { return {120, 8}; }
  QSize minimumSizeHint() const override { return {24, 8}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  double m_value = 0;
  QColor m_color;
};

}  // namespace planish::views
