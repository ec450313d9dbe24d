#pragma once

#include "views/base/view.h"
#include "views/data/sample_model.h"

class QButtonGroup;
class QComboBox;
class QLabel;
class QListView;
class QPushButton;
class QScrollArea;
class QSplitter;
class QToolButton;
class QStackedWidget;
class QTableView;

namespace planish::views {

class PreprocessingForm;
class SamplePanel;

/// The samples that judge, or those that calibrate: a grid of pictures (or a table of numbers) with what both networks say, the current one
/// closely, and the preprocessing.
class DataView : public View {
  Q_OBJECT

 public:
  explicit DataView(const Workspace& workspace, QWidget* parent = nullptr);

 protected:
  void refresh(Changes changes) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeBar();
  QWidget* makeEmptyPage();
  QWidget* makeSide();
  bool calibration() const;
  std::shared_ptr<const BatchSource> source() const;
  void showContent();
  void showState();
  void setFilter(SampleModel::Filter filter);
  void choose(int row);
  void arrangeBar(int width);
  void requestChoice() { Q_EMIT requested(request::ChooseData{calibration()}); }

  SampleLoader* m_loader;
  SampleModel* m_model;
  QStackedWidget *m_pages, *m_kinds;  ///< empty or content; grid or table
  QListView* m_grid;
  QTableView* m_table;
  QSplitter* m_splitter;
  QScrollArea* m_side;
  SamplePanel* m_panel;
  PreprocessingForm* m_form;
  QComboBox* m_which;
  QButtonGroup* m_filters;
  QPushButton *m_ask, *m_chooseData, *m_chooseCalibration, *m_chooseHere;
  QToolButton* m_more;  ///< holds the three buttons where there is no room for them
  QLabel* m_empty;
  std::shared_ptr<const BatchSource> m_shownSource;
  std::shared_ptr<const Answers> m_shownAnswers;
  int m_current = -1;
};

}  // namespace planish::views
