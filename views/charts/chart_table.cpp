#include "views/charts/chart_table.h"

#include <QLocale>
#include <QStringList>

#include <functional>

namespace planish::views {
namespace {

QString text(const QVariant& value) {
  if (value.typeId() == QMetaType::Double || value.typeId() == QMetaType::Float) return QLocale::c().toString(value.toDouble(), 'g', 17);
  return value.toString();
}

QString quoted(const QString& field) {
  if (!field.contains(u',') && !field.contains(u'"') && !field.contains(u'\n') && !field.contains(u'\r')) return field;
  return QLatin1Char('"') + QString(field).replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
}

QString joined(const ChartTable& table, QChar separator, const std::function<QString(const QString&)>& field) {
  QString out;
  const auto line = [&](const QStringList& fields) { out += fields.join(separator) + QLatin1Char('\n'); };
  QStringList names;
  for (const auto& name : table.columns) names << field(name);
  line(names);
  for (const auto& row : table.rows) {
    QStringList fields;
    for (const auto& value : row) fields << field(text(value));
    line(fields);
  }
  return out;
}

}  // namespace

QString ChartTable::toCsv() const { return joined(*this, u',', quoted); }
QString ChartTable::toTabs() const {
  return joined(*this, u'\t', [](const QString& field) { return QString(field).replace(QLatin1Char('\t'), QLatin1Char(' ')).replace(QLatin1Char('\n'), QLatin1Char(' ')); });
}

}  // namespace planish::views
