#pragma once

#include "views/base/workspace.h"

#include <QString>

#include <vector>

namespace planish::views {


/// Numbers by layer that the graph can be coloured by, and how those of a folded block come together.
struct GraphColumn {
  enum class Together { sum, mean, worst };
  QString id, name, unit;
  bool logarithmic = false;
  Together together = Together::sum;
  std::vector<double> values;  ///< by layer; NaN: none
  double low = 0, high = 1;    ///< of the colours; log10 where logarithmic

  /// Of one node; NaN where none of its layers has a number.
  double of(const std::vector<int>& layers) const;
  double fraction(double value) const;
  QString text(double value) const;
};

/// What there is to colour by: id and name. Damage first; results and the user's columns where they exist.
std::vector<std::pair<QString, QString>> graphColumnNames(const Workspace& workspace);
GraphColumn graphColumn(const Workspace& workspace, const QString& id);

}  // namespace planish::views
