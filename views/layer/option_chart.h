#pragma once

#include "core/compression/setting.h"
#include "core/evaluation/estimate.h"
#include "views/layer/small_chart.h"

#include <optional>
#include <vector>

namespace planish::views {

/// One option as a point: what it costs and what it does.
struct OptionPoint {
  Setting setting;
  double bitsPerWeight = 0;
  Estimate damage;
  bool legal = true;
};

/// Damage of a layer's options against their bits on a logarithmic scale. Options that differ in the number of bits only are joined, those of
/// the current setting's kind strongly and with their error band. Click, or arrows and Enter, choose an option.
class OptionChart : public SmallChart {
  Q_OBJECT

 public:
  explicit OptionChart(const QString& name, QWidget* parent = nullptr);
  /// `unit`: of the damage. Points without a positive damage are counted in the title, not drawn.
  void show(const QString& title, const QString& unit, std::vector<OptionPoint> points, const Setting& current);
  const std::vector<OptionPoint>& points() const { return m_points; }
  QPointF positionOf(std::size_t point) const;

 Q_SIGNALS:
  void chosen(const planish::Setting& setting);

 protected:
  void paintMarks(QPainter& painter, const Theme& theme) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  int nearest(const QPointF& position) const;
  void setCursor(int point);
  QString describe(const OptionPoint& point) const;
  void paintFamily(QPainter& painter, const Theme& theme, const std::vector<std::size_t>& members, bool own);
  void paintPoint(QPainter& painter, const Theme& theme, std::size_t point);

  QString m_unit;
  std::vector<OptionPoint> m_points;  ///< drawn ones, by rising bits
  std::vector<std::vector<std::size_t>> m_families;
  Setting m_current;
  int m_cursor = -1;  ///< of the keyboard or the mouse
  double m_low = -1, m_high = 0;
};

}  // namespace planish::views
