#include "views/charts/place_chart.h"

#include "views/base/theme.h"
#include "views/charts/axes.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QValueAxis>

#include <algorithm>
#include <cmath>

namespace planish::views {

PlaceChart::PlaceChart(const QString& name, QAbstractAxis* vertical, QWidget* parent) : ChartPanel(name, parent), m_x(new QValueAxis) {
  view()->setAxes(m_x, vertical);
  m_x->setGridLineVisible(false);
  m_x->setLabelFormat(QStringLiteral("%.0f"));
  chart()->setMargins(QMargins(2, space::k8, space::k16, 2));
  connect(view(), &ChartView::visibleRangeChanged, this, [this](double low, double high) { setWholeTicks(*m_x, low, high); });
  applyTheme(*chart(), Theme::of(this));
  view()->viewport()->installEventFilter(this);
  view()->installEventFilter(this);
}

void PlaceChart::setPlaces(std::vector<int> layers) {
  const bool other = layers.size() != m_layers.size();
  m_layers = std::move(layers);
  if (m_focus >= placeCount()) m_focus = -1;
  const double count = std::max(1, placeCount());
  if (other) view()->setZoomable(0, count, std::min(8.0, count));
}

int PlaceChart::placeAt(double value) const { return value >= 0 && value < placeCount() ? static_cast<int>(value) : -1; }

std::pair<int, int> PlaceChart::visiblePlaces() const {
  return {std::max(0, static_cast<int>(m_x->min())), std::min(placeCount(), static_cast<int>(std::ceil(m_x->max())))};
}

void PlaceChart::choose(int place, Qt::KeyboardModifiers modifiers) {
  m_focus = place;
  Q_EMIT layerClicked(layerAt(place), modifiers);
  refreshMarks();
}

bool PlaceChart::eventFilter(QObject* watched, QEvent* event) {
  if (watched == view()->viewport() && event->type() == QEvent::MouseButtonPress) {
    const auto* mouse = static_cast<QMouseEvent*>(event);
    const int place = placeAt(view()->valueAt(mouse->position()).x());
    if (mouse->button() == Qt::LeftButton && place >= 0) choose(place, mouse->modifiers());
    return false;  // the view pans by it, too
  }
  if (watched == view() && event->type() == QEvent::KeyPress && placeCount() > 0) {
    const auto* key = static_cast<QKeyEvent*>(event);
    int place = m_focus;
    switch (key->key()) {
      case Qt::Key_Left: --place; break;
      case Qt::Key_Right: ++place; break;
      case Qt::Key_Home: place = 0; break;
      case Qt::Key_End: place = placeCount() - 1; break;
      default: return ChartPanel::eventFilter(watched, event);
    }
    place = std::clamp(place, 0, placeCount() - 1);
    if (place < view()->visibleLow() || place + 1 > view()->visibleHigh()) {
      const double half = (view()->visibleHigh() - view()->visibleLow()) / 2;
      view()->zoomTo(place - half, place + half);
    }
    choose(place, key->modifiers());
    return true;
  }
  return ChartPanel::eventFilter(watched, event);
}

}  // namespace planish::views
