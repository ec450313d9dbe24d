#include "app/cli/session.h"
#include "core/project/journal.h"

namespace planish::cli {

int show(Session& session) {
  const Project project = openProject(session);
  Json object = resultObject("show");
  object["project"] = {{"file", absolutePath(session.options.project)}, {"program_version", project.programVersion}, {"schema", kProjectSchema}};
  object["network"] = toJson(project.network);
  for (const char* list : {"tables", "plans", "results", "exports"}) object[list] = Json::array();
  // Bits per weight need the network; without it a project can still be read.
  std::optional<OpenedNetwork> network;
  try {
    network = reopenNetwork(project.network, session.plugins, session.progress);
  } catch (const Error& error) {
    session.output.warning(std::string("the network cannot be opened: ") + error.what());
  }
  const Layers* layers = network ? &network->layers : nullptr;
  for (const auto& measured : project.tables) object["tables"].push_back(toJson(measured));
  for (const auto& plan : project.plans) object["plans"].push_back(toJson(plan, layers, network ? network->network.get() : nullptr));
  for (const auto& result : project.results) object["results"].push_back(toJson(result));
  for (const auto& record : project.exports) object["exports"].push_back(toJson(record));
  object["journal"] = Json();
  if (Journal::exists(session.options.project)) {
    const auto summary = Journal::summary(session.options.project);
    object["journal"] = {{"job", summary.job}, {"finished", summary.finished}};
  }

  std::string text = "Network " + project.network.path + " (" + grouped(static_cast<std::int64_t>(project.network.bytes)) + " bytes)\n";
  for (const auto& measured : project.tables)
    text += "Table   " + measured.metric + ": " + std::to_string(measured.rows.size()) + " cells" + (measured.description.empty() ? "" : ", " + measured.description) + "\n";
  std::vector<std::vector<std::string>> rows = {{"plan", "target", "solver", "bytes", "predicted", "measured " + std::string("top1"), "repairs"}};
  for (const auto& plan : project.plans) {
    const auto* result = project.result(plan.name);
    std::string top1, repairs;
    if (result && result->after.count("top1")) top1 = toText(result->after.at("top1"));
    if (result)
      for (const auto& repair : result->repairs) repairs += (repairs.empty() ? "" : ", ") + repair;
    rows.push_back({printable(plan.name), plan.target, plan.solver, grouped(plan.bytes().count), plan.metric + " " + toText(plan.predicted), top1, repairs});
  }
  if (!project.plans.empty()) text += "\n" + table(rows, {false, false, false, true, false, false, false});
  for (const auto& record : project.exports) text += "Export  " + record.file + ": " + grouped(record.bytes) + " bytes, plan " + printable(record.plan) + ", for " + record.target + "\n";
  if (!object["journal"].is_null())
    text += "Unfinished job: " + printable(object["journal"]["job"].get<std::string>()) + ", " + std::to_string(object["journal"]["finished"].get<std::int64_t>()) + " layers done\n";
  session.output.text(text);
  session.output.result(std::move(object));
  return 0;
}

}  // namespace planish::cli
