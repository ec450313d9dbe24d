#include "views/layer/tile_area.h"

#include "views/base/theme.h"

#include <QScrollBar>

#include <algorithm>

namespace planish::views {
namespace {
constexpr int kNarrowest = 190, kLowest = 96;
}

TileArea::TileArea(QWidget* parent) : QScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::NoFocus);
  auto* content = new QWidget;
  setWidget(content);
  content->setAutoFillBackground(false);  // setWidget turns it on
  viewport()->setAutoFillBackground(false);
  setMinimumHeight(kLowest);
}

void TileArea::addTile(QWidget* tile) {
  tile->setParent(widget());
  m_tiles.push_back(tile);
}

void TileArea::resizeEvent(QResizeEvent* event) {
  QScrollArea::resizeEvent(event);
  place();
}

void TileArea::showEvent(QShowEvent* event) {
  QScrollArea::showEvent(event);
  place();
}

void TileArea::place() {
  const int count = static_cast<int>(m_tiles.size());
  if (count == 0) return;
  const int width = viewport()->width(), height = viewport()->height();
  m_columns = std::clamp((width + space::k16) / (kNarrowest + space::k16), 1, count);
  // Wide and low areas show one row, tall ones fill their height.
  while (m_columns > 1 && count % m_columns != 0)
    --m_columns;
  const int rows = (count + m_columns - 1) / m_columns;
  const int seen = std::clamp((height + space::k8) / (kLowest + space::k8), 1, rows);
  const int tileWidth = (width - (m_columns - 1) * space::k16) / m_columns;
  const int tileHeight = std::max(kLowest, (height - (seen - 1) * space::k8) / seen);
  widget()->resize(width, rows * tileHeight + (rows - 1) * space::k8);
  for (int i = 0; i < count; ++i)
    m_tiles[static_cast<std::size_t>(i)]->setGeometry(i % m_columns * (tileWidth + space::k16), i / m_columns * (tileHeight + space::k8), tileWidth,
                                                      tileHeight);
  verticalScrollBar()->setSingleStep(tileHeight + space::k8);
}

}  // namespace planish::views
