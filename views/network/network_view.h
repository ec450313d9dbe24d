#pragma once

#include "views/base/view.h"

#include <QModelIndex>

#include <set>

class QItemSelection;
class QLabel;
class QLineEdit;
class QMenu;
class QTimer;
class QTreeView;

namespace planish::views {

class LayerModel;

/// The layers as a tree with a filter: what each is, what the plan does to it, and what each bit width would cost.
class NetworkView : public View {
  Q_OBJECT

 public:
  explicit NetworkView(const Workspace& workspace, QWidget* parent = nullptr);

  QTreeView* tree() const { return m_tree; }
  QLineEdit* filter() const { return m_filter; }
  const LayerModel& model() const { return *m_model; }
  /// What can be done with the selected layers.
  void fillMenu(QMenu& menu);

 protected:
  void refresh(Changes changes) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void build();
  void buildHeader();
  void applyFilter();
  void sizeColumns();
  void sizeCurves();
  void restoreExpanded();
  void showSelection();
  void repaintSelected();
  void takeSelection(const QItemSelection& selected, const QItemSelection& deselected);
  void fillSettings(QMenu& menu, const std::vector<int>& layers);
  void step(int direction);
  void selectBlock();
  void inspect(const QModelIndex& index);
  void updateHint();
  std::vector<int> chosen() const;

  LayerModel* m_model;
  QLineEdit* m_filter;
  QLabel *m_problem, *m_empty;
  QTreeView* m_tree;
  QTimer *m_filterDelay, *m_sortDelay;
  std::vector<int> m_painted;  ///< the selection that the tree shows, ascending
  std::set<QString> m_folded;  ///< blocks that people closed
  bool m_syncing = false, m_foldedAtFirst = false, m_scattered = false;
  int m_room = 2;  ///< for columns: 0 without bytes and curve, 1 without curve
};

}  // namespace planish::views
