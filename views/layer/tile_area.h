#pragma once

#include <QScrollArea>

#include <vector>

namespace planish::views {

/// Tiles of one size in as many columns as fit; where rows do not fit, whole rows are seen and the rest scrolls.
class TileArea : public QScrollArea {
  Q_OBJECT

 public:
  explicit TileArea(QWidget* parent = nullptr);
  void addTile(QWidget* tile);
  int columns() const { return m_columns; }

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  void place();
  std::vector<QWidget*> m_tiles;
  int m_columns = 1;
};

}  // namespace planish::views
