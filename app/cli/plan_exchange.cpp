#include "app/cli/steps.h"

#include "core/base/file.h"

#include <filesystem>
#include <sstream>

namespace planish::cli {
namespace {

bool isCsv(const std::string& file) { return std::filesystem::path(file).extension() == ".csv"; }

std::string planAsJson(const Plan& plan, const Project& project) {
  Json settings = Json::array();
  for (const auto& layer : plan.layers) settings.push_back({{"layer", layer.layer}, {"setting", toText(layer.setting)}, {"locked", layer.locked}});
  const Json object = {{"schema", 1}, {"name", plan.name}, {"network_sha256", project.network.fingerprint}, {"target", plan.target}, {"budget", plan.budget == Budget{} ? std::string() : toText(plan.budget)},
                       {"metric", plan.metric}, {"repairs", plan.repairs}, {"settings", settings}};
  return object.dump(2) + "\n";
}

std::string planAsCsv(const Plan& plan) {
  std::string text = "layer,setting,locked\n";
  for (const auto& layer : plan.layers) text += layer.layer + "," + toText(layer.setting) + "," + (layer.locked ? "1" : "0") + "\n";
  return text;
}

Plan planFromJson(const std::string& text) {
  const Json object = Json::parse(text, nullptr, false);
  if (object.is_discarded() || !object.is_object()) throw Error(ErrorKind::invalidInput, "expected a JSON object with a plan");
  Plan plan;
  for (const auto& [key, value] : object.items()) {
    const auto word = [&, &key = key, &value = value] {
      if (!value.is_string()) throw Error(ErrorKind::invalidInput, "expected text").at("key '" + printable(key) + "'");
      return value.get<std::string>();
    };
    if (key == "name") plan.name = word();
    else if (key == "target") plan.target = word();
    else if (key == "metric") plan.metric = word();
    else if (key == "budget") plan.budget = word().empty() ? Budget{} : parseBudget(word());
    else if (key == "repairs" && value.is_array()) {
      for (const auto& repair : value)
        if (repair.is_string()) plan.repairs.push_back(repair.get<std::string>());
    } else if (key == "settings" && value.is_array()) {
      for (const auto& entry : value) {
        if (!entry.is_object() || !entry.contains("layer") || !entry.contains("setting") || !entry["layer"].is_string() || !entry["setting"].is_string())
          throw Error(ErrorKind::invalidInput, "expected {\"layer\", \"setting\"}, found " + printable(entry.dump())).at("key 'settings'");
        plan.layers.push_back({entry["layer"].get<std::string>(), parseSetting(entry["setting"].get<std::string>()),
                               entry.contains("locked") && entry["locked"].is_boolean() && entry["locked"].get<bool>(), {}, "imported"});
      }
    } else if (key != "schema" && key != "network_sha256") {
      throw Error(ErrorKind::invalidInput, "unknown key '" + printable(key) + "'; known: schema, name, network_sha256, target, budget, metric, repairs, settings");
    }
  }
  return plan;
}

Plan planFromCsv(const std::string& text) {
  Plan plan;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || number == 1) continue;  // the head
    const auto first = line.find(','), second = line.find(',', first + 1);
    if (first == std::string::npos) throw Error(ErrorKind::invalidInput, "expected layer,setting[,locked]").at("line " + std::to_string(number));
    const std::string setting = line.substr(first + 1, second == std::string::npos ? std::string::npos : second - first - 1);
    plan.layers.push_back({line.substr(0, first), parseSetting(setting), second != std::string::npos && line.substr(second + 1) == "1", {}, "imported"});
  }
  return plan;
}

}  // namespace

int planExport(Session& session) {
  const Options& o = session.options;
  const Project project = openProject(session);
  const Plan& plan = planOf(project, o.planName);
  std::error_code ignored;
  if (std::filesystem::exists(o.to, ignored) && !o.force) throw Error(ErrorKind::usage, "the file exists").in(o.to).remedy("--force replaces it");
  if (!o.dryRun) writeText(o.to, isCsv(o.to) ? planAsCsv(plan) : planAsJson(plan, project));
  Json object = resultObject("plan-export");
  object["file"] = o.to;
  object["plan"] = plan.name;
  session.output.text("Wrote " + o.to + "\n");
  session.output.result(std::move(object));
  return 0;
}

int planImport(Session& session) {
  const Options& o = session.options;
  const auto work = continueWork(session, false);
  Plan plan;
  try {
    const std::string text = readText(o.planFile, 16u << 20);
    plan = isCsv(o.planFile) ? planFromCsv(text) : planFromJson(text);
  } catch (Error& error) {
    throw Error(ErrorKind::invalidInput, error.message()).at(error.where()).in(o.planFile).remedy(error.remedyText());
  }
  if (!o.planName.empty()) plan.name = o.planName;
  if (plan.name.empty()) plan.name = std::filesystem::path(o.planFile).stem().string();
  if (!o.target.empty()) plan.target = o.target;
  if (plan.target.empty()) plan.target = "any";
  plan.solver = "imported";
  const TargetProfile& target = session.plugins.targets.get(plan.target);
  std::string unmatched;
  Plan complete = plan;
  complete.layers.clear();
  for (const auto& layer : plan.layers)
    if (!work->network.layers.find(layer.layer)) unmatched += (unmatched.empty() ? "" : ", ") + printable(layer.layer);
  if (!unmatched.empty())
    throw Error(ErrorKind::invalidInput, "the network has no layers of these names: " + printable(unmatched, 600)).in(o.planFile).remedy("the plan was made for another network");
  for (const auto& layer : work->network.layers.items) {
    const PlannedLayer* given = plan.find(layer.name);
    PlannedLayer planned = given ? *given : PlannedLayer{layer.name, {}, false, {}, "kept"};
    planned.bits = planned.setting.isKeep() ? Bits{work->network.network->value(layer.weight).constant.byteSize() * 8} : predictBits(layer, planned.setting, target.storage());
    complete.layers.push_back(planned);
  }
  for (const auto& shared : work->network.layers.sharedWeights)
    for (std::size_t i = 1; i < shared.size(); ++i) complete.layers[static_cast<std::size_t>(shared[i].index)].bits = {};
  work->project.put(complete);
  if (!o.dryRun) saveProject(work->project, o.project);
  Json object = resultObject("plan-import");
  object.update(toJson(complete, &work->network.layers, work->network.network.get()));
  session.output.text("Plan '" + complete.name + "': " + grouped(complete.bytes().count) + " bytes\n");
  session.output.result(std::move(object));
  return 0;
}

}  // namespace planish::cli
