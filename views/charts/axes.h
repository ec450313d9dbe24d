#pragma once

#include <QCategoryAxis>
#include <QString>
#include <QValueAxis>

#include <utility>
#include <vector>

namespace planish::views {

/// Round limits and 4 to 7 ticks that hold [low, high]; a range of no width, of NaN, or too narrow for its size is widened to one that
/// can be drawn. Never more than 12 ticks.
void setNiceRange(QValueAxis& axis, double low, double high, int ticks = 5);

/// Ticks of an axis that counts things at round whole numbers, whatever part of it is seen; at most nine.
void setWholeTicks(QValueAxis& axis, double low, double high);

/// Labels at given places: for logarithms (`value` = log10 x, labels of decades) and names. At most one label per 12 for long lists.
void setLabels(QCategoryAxis& axis, double low, double high, const std::vector<std::pair<double, QString>>& labels);
/// Labels of powers of ten within [10^low, 10^high], at most `most` of them.
void setDecades(QCategoryAxis& axis, double low, double high, int most = 9);

}  // namespace planish::views
