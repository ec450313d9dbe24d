#pragma once

#include "views/charts/chart_panel.h"

class QValueAxis;

namespace planish::views {

/// A chart of one place a layer: place i takes [i, i + 1] of a horizontal axis that can be zoomed and has whole numbers. A place is
/// chosen by a click, or with Left, Right, Home and End, which bring it into sight.
class PlaceChart : public ChartPanel {
  Q_OBJECT

 public:
  int focusPlace() const { return m_focus; }
  virtual void refreshMarks() = 0;

 Q_SIGNALS:
  void layerClicked(int layer, Qt::KeyboardModifiers modifiers);

 protected:
  PlaceChart(const QString& name, QAbstractAxis* vertical, QWidget* parent);
  /// The layer at each place. The zoom stays where their number does.
  void setPlaces(std::vector<int> layers);
  int placeCount() const { return static_cast<int>(m_layers.size()); }
  int layerAt(int place) const { return m_layers[static_cast<std::size_t>(place)]; }
  /// The place at a value of the horizontal axis; -1 where there is none.
  int placeAt(double value) const;
  /// Places in sight as [first, last).
  std::pair<int, int> visiblePlaces() const;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void choose(int place, Qt::KeyboardModifiers modifiers);
  std::vector<int> m_layers;
  QValueAxis* m_x;
  int m_focus = -1;
};

}  // namespace planish::views
