#include "app/cli/session.h"
#include "core/plugin/method_list.h"

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

void list(Json& object, std::string& text, const MethodGroup& group) {
  object[group.key] = Json::array();
  text += group.title + "\n";
  for (const Declaration* declaration : group.methods) {
    object[group.key].push_back(toJson(*declaration));
    text += "  " + declaration->id + std::string(declaration->id.size() < 16 ? 16 - declaration->id.size() : 1, ' ') + declaration->help + "\n";
    for (const auto& parameter : declaration->parameters)
      text += "      " + parameter.name + " = " + toText(parameter.defaultValue) + (parameter.unit.empty() ? "" : " " + parameter.unit) + ": " + parameter.help + "\n";
  }
  text += "\n";
}

}  // namespace

int methods(Session& session) {
  Json object = resultObject("methods");
  std::string text;
  for (const auto& group : methodGroups(session.plugins)) list(object, text, group);
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
