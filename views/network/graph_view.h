#pragma once

#include "views/base/view.h"
#include "views/network/graph_columns.h"
#include "views/network/graph_fold.h"
#include "views/network/graph_layout.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QMenu;
class QStackedWidget;
class QToolButton;

namespace planish::views {

class ColourBar;
class GraphCanvas;

/// The graph of operations, folded by block, in the colours of a column. Layouts are made off the GUI thread.
class GraphView : public View {
  Q_OBJECT

 public:
  explicit GraphView(const Workspace& workspace, QWidget* parent = nullptr);

  GraphCanvas* canvas() const { return m_canvas; }
  QComboBox* column() const { return m_column; }
  QLineEdit* search() const { return m_search; }
  const FoldedGraph& graph() const { return m_graph; }
  const GraphFold& fold() const { return m_fold; }
  bool busy() const { return m_layouter->busy(); }
  void fillMenu(QMenu& menu);
  bool exportTo(const QString& path, QString* problem = nullptr) const;

 Q_SIGNALS:
  /// A layout is on the screen.
  void shown();

 protected:
  void refresh(Changes changes) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void build();
  void connectCanvas();
  void relayout(bool fit);
  void take(const std::shared_ptr<const LayoutResult>& result);
  void frame();
  void recolour();
  void fillColumns();
  void toggle(int group);
  void select(int node, Qt::KeyboardModifiers modifiers);
  void follow();
  void findNext();
  int nodeOfLayer(int layer) const;
  void say(const QString& text, bool warning = false);
  void chooseExport(const QString& suffix);

  GraphFold m_fold;
  FoldedGraph m_graph;    ///< as it is drawn
  FoldedGraph m_ordered;  ///< as it is being laid out
  GraphLayouter* m_layouter;
  GraphCanvas* m_canvas;
  QStackedWidget* m_pages;
  QLabel *m_empty, *m_note;
  QComboBox* m_column;
  ColourBar* m_bar;
  QLineEdit* m_search;
  QToolButton* m_direction;
  GraphColumn m_colours;
  bool m_fitNext = true;
  bool m_framed = true;            ///< the whole graph is shown, and stays so when the view is resized
  bool m_directionChosen = false;  ///< by the user: no longer along the longer side
};

}  // namespace planish::views
