#pragma once

#include "views/base/workspace.h"

#include <QByteArray>
#include <QSize>
#include <QString>

#include <functional>
#include <vector>

class QPainter;

namespace planish::views {

/// A picture of the report, painted without any view.
struct ReportChart {
  QString title, caption;
  QSize size;
  std::function<void(QPainter&)> paint;  ///< within [0, size)

  /// A document of its own, without an XML declaration.
  QByteArray svg() const;
};

/// Those that have something to show. They refer to the workspace.
std::vector<ReportChart> reportCharts(const Workspace& workspace);

}  // namespace planish::views
