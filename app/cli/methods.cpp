#include "app/cli/session.h"

namespace planish::cli {
namespace {

Json valueOf(const ParameterValue& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

Json toJson(const Declaration& declaration) {
  static const char* const kTypes[] = {"integer", "number", "boolean", "text"};
  Json parameters = Json::array();
  for (const auto& parameter : declaration.parameters) {
    Json range;
    if (!parameter.choices.empty()) range = parameter.choices;
    else if (parameter.minimum || parameter.maximum)
      range = {parameter.minimum ? Json(*parameter.minimum) : Json(), parameter.maximum ? Json(*parameter.maximum) : Json()};
    parameters.push_back({{"name", parameter.name}, {"type", kTypes[parameter.defaultValue.index()]}, {"default", valueOf(parameter.defaultValue)},
                          {"range", range}, {"unit", parameter.unit}, {"help", parameter.help}});
  }
  return {{"id", declaration.id}, {"name", declaration.name}, {"help", declaration.help}, {"parameters", parameters}};
}

class Lister {
 public:
  Lister(Json& object, std::string& text) : m_object(object), m_text(text) {}

  template <typename T>
  void list(const std::string& key, const std::string& title, const Registry<T>& registry) {
    if (!m_object.contains(key)) m_object[key] = Json::array();
    m_text += title + "\n";
    for (const auto& method : registry.all()) {
      const Declaration& declaration = method->declaration();
      m_object[key].push_back(toJson(declaration));
      m_text += "  " + declaration.id + std::string(declaration.id.size() < 16 ? 16 - declaration.id.size() : 1, ' ') + declaration.help + "\n";
      for (const auto& parameter : declaration.parameters)
        m_text += "      " + parameter.name + " = " + toText(parameter.defaultValue) + (parameter.unit.empty() ? "" : " " + parameter.unit) + ": " + parameter.help + "\n";
    }
    m_text += "\n";
  }

 private:
  Json& m_object;
  std::string& m_text;
};

}  // namespace

int methods(Session& session) {
  Json object = resultObject("methods");
  std::string text;
  Lister lister(object, text);
  const auto& plugins = session.plugins;
  lister.list("metrics", "Sensitivity metrics", plugins.metrics);
  lister.list("scores", "Scores of a network", plugins.scores);
  lister.list("solvers", "Solvers", plugins.solvers);
  lister.list("compressors", "Compressors", plugins.compressors);
  lister.list("repairs", "Repairs", plugins.repairs);
  lister.list("formats", "Network formats, read", plugins.importers);
  lister.list("exporters", "Network formats, written", plugins.exporters);
  lister.list("targets", "Targets", plugins.targets);
  lister.list("datasets", "Data formats", plugins.datasets);
  object["option_sets"] = Json::object();
  text += "Option sets\n";
  for (const auto& [name, settings] : optionSets()) {
    object["option_sets"][name] = settings;
    std::string line;
    for (const auto& setting : settings) line += (line.empty() ? "" : ", ") + setting;
    text += "  " + name + std::string(name.size() < 16 ? 16 - name.size() : 1, ' ') + line + "\n";
  }
  object["failed_plugins"] = Json::array();
  for (const auto& [file, problem] : session.failedPlugins) object["failed_plugins"].push_back({{"file", file}, {"problem", problem}});
  session.output.text(text);
  session.output.result(std::move(object));
  return 0;
}

}  // namespace planish::cli
