#include "core/plugin/method_list.h"

namespace planish {
namespace {

template <typename T>
MethodGroup group(const std::string& key, const std::string& title, const Registry<T>& registry) {
  MethodGroup group{key, title, {}};
  for (const auto& method : registry.all()) group.methods.push_back(&method->declaration());
  return group;
}

}  // namespace

std::vector<MethodGroup> methodGroups(const PluginRegistries& plugins) {
  return {group("metrics", "Sensitivity metrics", plugins.metrics),   group("scores", "Scores of a network", plugins.scores),
          group("solvers", "Solvers", plugins.solvers),               group("compressors", "Compressors", plugins.compressors),
          group("repairs", "Repairs", plugins.repairs),               group("formats", "Network formats, read", plugins.importers),
          group("exporters", "Network formats, written", plugins.exporters), group("targets", "Targets", plugins.targets),
          group("datasets", "Data formats", plugins.datasets)};
}

std::string rangeText(const ParameterDeclaration& parameter) {
  std::string text;
  for (const auto& choice : parameter.choices) text += (text.empty() ? "" : ", ") + choice;
  if (!text.empty()) return text;
  const auto number = [](double value) { return toText(ParameterValue(value)); };
  if (parameter.minimum && parameter.maximum) return number(*parameter.minimum) + " to " + number(*parameter.maximum);
  if (parameter.minimum) return "at least " + number(*parameter.minimum);
  return parameter.maximum ? "at most " + number(*parameter.maximum) : std::string();
}

}  // namespace planish
