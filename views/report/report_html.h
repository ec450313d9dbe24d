#pragma once

#include "views/base/workspace.h"

#include <QString>

namespace planish::views {

/// One page to keep: network, data, versions and seeds, the working plan, totals, charts as SVG, scores before and after, exports. Self-contained,
/// light, made for paper; the same workspace gives the same text. Names are escaped.
QString reportHtml(const Workspace& workspace);
/// The same without inline pictures for QTextDocument, which draws them as resources "chart:0", "chart:1", ... (see reportCharts()).
/// At most `mostLayers` rows of the plan; pictures at most `widest` pixels wide.
QString reportHtmlForDocument(const Workspace& workspace, int mostLayers, int widest);

}  // namespace planish::views
