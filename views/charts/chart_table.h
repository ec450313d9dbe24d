#pragma once

#include <QString>
#include <QVariant>

#include <vector>

namespace planish::views {

/// The numbers of a chart: source of its CSV file, of the table that can be read instead of it, and of what is copied.
struct ChartTable {
  std::vector<QString> columns;            ///< with units: "damage (nats)"
  std::vector<std::vector<QVariant>> rows; ///< numbers as numbers, at full precision

  /// RFC 4180, '.' as decimal mark, texts quoted where needed.
  QString toCsv() const;
  /// For spreadsheets: columns parted by tabs.
  QString toTabs() const;
};

}  // namespace planish::views
