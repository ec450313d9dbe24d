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
  QString m_name;
  QLabel* m_caption;
  QLabel* m_empty;
  QStackedWidget* m_pages;
  ChartView* m_view;
  QTableView* m_twin;
  QToolButton* m_button;
  std::function<ChartTable()> m_table;
};

}  // namespace planish::views
