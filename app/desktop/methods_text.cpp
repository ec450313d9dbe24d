#include "app/desktop/methods_text.h"

#include "core/plugin/method_list.h"

#include <QCoreApplication>

namespace planish::desktop {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Methods", text); }

/// Literal in a cell of a table.
QString cell(const std::string& text) { return QString::fromStdString(text).replace(QLatin1Char('|'), QLatin1String("\\|")).replace(QLatin1Char('\n'), QLatin1Char(' ')); }

QString parametersTable(const std::vector<ParameterDeclaration>& parameters) {
  QString text = tr("| parameter | default | range | meaning |") + QStringLiteral("\n|---|---|---|---|\n");
  for (const auto& parameter : parameters)
    text += QStringLiteral("| `%1` | %2 | %3 | %4 |\n")
                .arg(cell(parameter.name), cell(toText(parameter.defaultValue) + (parameter.unit.empty() ? "" : " " + parameter.unit)), cell(rangeText(parameter)), cell(parameter.help));
  return text + QLatin1Char('\n');
}

}  // namespace

QString methodsMarkdown(const PluginRegistries& plugins) {
  QString text = QStringLiteral("# %1\n\n%2\n\n").arg(tr("Methods"), tr("What this program can measure, solve, compress, read and write, in the words of each method. `planish-cli methods` prints the same."));
  for (const auto& group : methodGroups(plugins)) {
    if (group.methods.empty()) continue;
    text += QStringLiteral("## %1\n\n").arg(QString::fromStdString(group.title));
    for (const Declaration* method : group.methods) {
      text += QStringLiteral("### %1 (`%2`)\n\n%3\n\n").arg(QString::fromStdString(method->name), QString::fromStdString(method->id), QString::fromStdString(method->help));
      if (!method->parameters.empty()) text += parametersTable(method->parameters);
    }
  }
  return text;
}

}  // namespace planish::desktop
