#pragma once

#include "views/base/view.h"
#include "views/compare/plan_comparison.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QSplitter;
class QStackedWidget;
class QTableView;

namespace planish::views {

class ComparisonModel;
class DifferenceChart;

/// Two plans layer by layer, their totals, and what was predicted of them against what was measured.
class CompareView : public View {
  Q_OBJECT

 public:
  explicit CompareView(const Workspace& workspace, QWidget* parent = nullptr);

  QComboBox* planA() const { return m_a; }
  QComboBox* planB() const { return m_b; }
  QCheckBox* onlyDiffering() const { return m_only; }
  QComboBox* quantity() const { return m_quantity; }
  QTableView* table() const { return m_table; }
  DifferenceChart* chart() const { return m_chart; }
  QPushButton* takeSelected() const { return m_takeSelected; }
  QPushButton* takeAll() const { return m_takeAll; }
  const PlanComparison& comparison() const { return *m_comparison; }

 protected:
  void refresh(Changes changes) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void build();
  void buildTable();
  void fillCombos();
  int otherPlan(const std::vector<ComparedPlan>& plans) const;
  void compare();
  void updateTotals(const ComparedPlan& a, const ComparedPlan& b);
  void updateButtons();
  void showSelection();
  void take(bool all);

  std::shared_ptr<const PlanComparison> m_comparison;
  ComparisonModel* m_model;
  QComboBox *m_a, *m_b, *m_quantity;
  bool m_bChosen = false;  ///< by the user
  QCheckBox* m_only;
  QTableView* m_table;
  DifferenceChart* m_chart;
  QSplitter* m_splitter;
  QStackedWidget* m_pages;
  QWidget* m_content;
  QLabel *m_empty, *m_totals;
  QPushButton *m_takeSelected, *m_takeAll;
  bool m_syncing = false;
};

}  // namespace planish::views
