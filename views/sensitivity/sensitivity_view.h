#pragma once

#include "views/base/view.h"
#include "views/sensitivity/sensitivity_data.h"

class QButtonGroup;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QMenu;
class QProgressBar;
class QStackedWidget;
class QTimer;
class QToolButton;

namespace planish::views {

class BarsChart;
class CurveChart;
class HeatMap;
class ScatterChart;

/// What each option costs each layer: heat map, bars, metric against metric, loss against bits.
class SensitivityView : public View {
  Q_OBJECT

 public:
  enum Page { heatMapPage, barsPage, scatterPage, curvePage };

  explicit SensitivityView(const Workspace& workspace, QWidget* parent = nullptr);

  void showPage(Page page);
  Page page() const;
  HeatMap* heatMap() const { return m_heatMap; }
  BarsChart* bars() const { return m_bars; }
  ScatterChart* scatter() const { return m_scatter; }
  CurveChart* curve() const { return m_curve; }
  QComboBox* metric() const { return m_metric; }
  QComboBox* order() const { return m_order; }
  QComboBox* option() const { return m_option; }
  QComboBox* against() const { return m_against; }
  const SensitivityData& data() const { return *m_data; }
  /// Import, and one entry to remove each of the user's columns.
  void fillOverlayMenu(QMenu& menu);

 protected:
  void refresh(Changes changes) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void build();
  QToolButton* segment(const QString& text, Page page);
  void fillCombos();
  void updateData();
  void updatePage();
  void updateProgress();
  void updateHint();
  void choose(int layer, int option);
  void select(int layer, Qt::KeyboardModifiers modifiers);

  std::shared_ptr<const SensitivityData> m_data;
  QButtonGroup* m_segments;
  QComboBox *m_metric, *m_order, *m_option, *m_against;
  QToolButton* m_overlays;
  QLabel* m_badge;
  QProgressBar* m_progress;
  QStackedWidget* m_pages;
  HeatMap* m_heatMap;
  BarsChart* m_bars;
  ScatterChart* m_scatter;
  CurveChart* m_curve;
  QTimer* m_arriving;  ///< rows that arrive are taken over a few times a second
  int m_anchor = -1;
};

}  // namespace planish::views
