#pragma once

#include "views/charts/chart_table.h"
#include "views/charts/chart_view.h"

#include <QWidget>

#include <functional>

class QLabel;
class QMenu;
class QStackedWidget;
class QTableView;
class QToolButton;
QT_BEGIN_NAMESPACE
class QCategoryAxis;
class QValueAxis;
QT_END_NAMESPACE

namespace planish::views {

/// A chart with what every chart owes: export as PNG, SVG and CSV, copy, a table twin, an accessible name and summary. All of it is in
/// one menu: the button at the top right (seen on hover and focus), the context menu, and keys Ctrl+C (copy), Ctrl+T (table).
class ChartPanel : public QWidget {
  Q_OBJECT

 public:
  /// `name`: of the chart, for screen readers and file names.
  explicit ChartPanel(const QString& name, QWidget* parent = nullptr);

  QChart* chart() const { return m_view->chart(); }
  ChartView* view() const { return m_view; }

  /// Small grey line above the chart; empty: none.
  void setCaption(const QString& caption);
  /// Where the chart's numbers come from; asked for when they are needed.
  void setTable(std::function<ChartTable()> table) { m_table = std::move(table); }
  /// One sentence for screen readers: what the chart shows now.
  void setSummary(const QString& summary);
  /// What stands in the chart's place while there is nothing to show, with what to do next; empty: the chart.
  void setEmptyText(const QString& text);

  /// The vertical axis from `low` to `high` with as many labels as fit one above the other, now and after a change of size; of two calls
  /// the later counts. Decades: both are logarithms to base 10.
  void setVerticalRange(QValueAxis& axis, double low, double high);
  void setVerticalDecades(QCategoryAxis& axis, double low, double high);

  bool tableShown() const;
  void showTable(bool shown);
  /// By suffix: .png (twice the size on screen), .svg, .csv. False with a text in `problem` where it could not be written.
  bool exportTo(const QString& path, QString* problem = nullptr) const;
  void fillMenu(QMenu& menu);

 protected:
  void contextMenuEvent(QContextMenuEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void chooseExport(const QString& suffix);
  void refreshTable();
  void setFit(std::function<void(int labels)> fit);
  int labelsThatFit() const;
  QString m_name;
  QLabel* m_caption;
  QLabel* m_empty;
  QStackedWidget* m_pages;
  ChartView* m_view;
  QTableView* m_twin;
  QToolButton* m_button;
  std::function<ChartTable()> m_table;
  std::function<void(int labels)> m_fit;
  int m_labels = 0;  ///< that m_fit was last called with
};

}  // namespace planish::views
