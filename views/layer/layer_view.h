#pragma once

#include "views/base/view.h"

class QLabel;
class QStackedWidget;
class QTimer;

namespace planish::views {

class ChannelChart;
class InputChart;
class OptionChart;
class SettingPills;
class SpectrumChart;
class TileArea;
class WeightsChart;

/// One layer closely: its weights, ranges, spectrum and input, what each option does to it, and the plan's setting to change. Asks for the
/// inspection of the current layer when it is missing or of another setting.
class LayerView : public View {
  Q_OBJECT

 public:
  explicit LayerView(const Workspace& workspace, QWidget* parent = nullptr);

 protected:
  void refresh(Changes changes) override;
  void hideEvent(QHideEvent* event) override;

 private:
  int shownLayer() const;
  void showInspection(int layer);
  void showOptions(int layer);
  void choose(const Setting& setting);
  void ask();
  QString describe(int layer) const;

  QStackedWidget* m_pages;
  QLabel* m_empty;
  SettingPills* m_pills;
  TileArea* m_tiles;
  WeightsChart* m_weights;
  ChannelChart* m_channels;
  OptionChart *m_damage, *m_error;
  InputChart* m_input;
  SpectrumChart* m_spectrum;
  QTimer* m_asking;
  int m_layer = -1;
  std::pair<int, Setting> m_asked{-1, {}};  ///< not asked twice
};

}  // namespace planish::views
