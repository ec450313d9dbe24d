#pragma once

#include <QString>
#include <QWidget>

namespace planish::views {

/// A strip of the damage colours with what its ends mean.
class ColourBar : public QWidget {
  Q_OBJECT

 public:
  explicit ColourBar(QWidget* parent = nullptr);
  void setEnds(const QString& low, const QString& high);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {90, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_low, m_high;
};

}  // namespace planish::views
