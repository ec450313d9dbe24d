#include "app/cli/session.h"

#include "core/base/file.h"

#include <charconv>

namespace planish::cli {
namespace {

template <typename T>
std::vector<T> numbers(const std::string& option, const std::string& text) {
  std::vector<T> values;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const char* begin = text.data() + from;
    const char* end = text.data() + comma;
    T value{};
    const auto [at, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || at != end)
      throw Error(ErrorKind::usage, option + ": expected numbers separated by commas, found '" + printable(text) + "'");
    values.push_back(value);
    from = comma + 1;
  }
  return values;
}

}  // namespace

Preprocessing preprocessing(const Options& options) {
  Preprocessing how;
  if (!options.preprocessFile.empty()) {
    try {
      how = Preprocessing::fromJson(readText(options.preprocessFile));
    } catch (Error& error) {
      throw std::move(error).in(options.preprocessFile);
    }
  }
  if (!options.layout.empty()) how.layout = options.layout;
  if (!options.channels.empty()) how.channels = options.channels;
  if (options.scale) how.scale = *options.scale;
  if (!options.mean.empty()) how.mean = numbers<double>("--mean", options.mean);
  if (!options.std.empty()) how.std = numbers<double>("--std", options.std);
  if (!options.resize.empty()) how.resize = numbers<std::int64_t>("--resize", options.resize);
  if (!options.crop.empty()) how.crop = numbers<std::int64_t>("--crop", options.crop);
  for (const auto& binding : options.inputs) {
    const auto equals = binding.find('=');
    if (equals == std::string::npos) throw Error(ErrorKind::usage, "--input: expected NETWORK_INPUT=ARRAY, found '" + printable(binding) + "'");
    how.inputs[binding.substr(0, equals)] = binding.substr(equals + 1);
  }
  return Preprocessing::fromJson(how.toJson());  // the same checks as for a file
}

SessionData openData(Session& session, const Network& network) {
  const Options& o = session.options;
  SessionData opened;
  const Preprocessing how = preprocessing(o);
  if (!o.data.empty()) opened.data = planish::openData(network, {o.data, o.x, o.y}, how, o.limit.value_or(-1), o.batch, session.plugins);
  if (!o.calibration.empty() || !o.calibrationX.empty())
    opened.calibration = planish::openData(network, {o.calibration.empty() ? o.data : o.calibration, o.calibrationX, o.calibrationY}, how,
                                           o.calibrationLimit.value_or(o.limit.value_or(-1)), o.batch,
                                           session.plugins);
  for (const auto* data : {&opened.data, &opened.calibration})
    if (*data)
      for (const auto& warning : (*data)->source->warnings()) session.output.warning(warning);
  if (opened.data && !opened.calibration && o.command != "eval")
    session.output.warning("measuring on the data that also judges flatters the result; give separate data with --calibration");
  return opened;
}

SessionData reopenData(Session& session, const Project& project, const Network& network) {
  SessionData opened;
  if (project.data) opened.data = planish::reopenData(network, *project.data, session.plugins);
  if (project.calibration) opened.calibration = planish::reopenData(network, *project.calibration, session.plugins);
  return opened;
}

Project openProject(Session& session) {
  std::vector<std::string> warnings;
  Project project = loadProject(session.options.project, &warnings);
  for (const auto& warning : warnings) session.output.warning(warning);
  return project;
}

Json toJson(const NetworkReference& network) {
  return {{"file", network.path}, {"name", network.name}, {"format", network.format}, {"bytes", network.bytes}, {"sha256", network.fingerprint}, {"passes", network.passes}};
}

Json toJson(const SensitivityTable& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows)
    rows.push_back({{"layer", row.layer}, {"option", toText(row.option)}, {"estimate", toJson(row.estimate)}, {"bytes", row.bits.bytes().count}});
  return {{"metric", table.metric}, {"unit", table.unit}, {"data", table.description}, {"rows", rows}};
}

Json toJson(const Plan& plan, const Layers* layers, const Network* network) {
  Json object;
  object["name"] = plan.name;
  object["solver"] = plan.solver;
  object["target"] = plan.target;
  object["metric"] = plan.metric;
  static const char* const kKinds[] = {"bytes", "bpw", "percent", "loss"};
  Json bytes;
  if (layers && network)
    if (const auto limit = budgetBytes(plan.budget, *network, *layers)) bytes = limit->count;
  object["budget"] = {{"kind", kKinds[static_cast<int>(plan.budget.kind)]}, {"value", plan.budget.value}, {"bytes", bytes}};
  object["bytes"] = plan.bytes().count;
  object["bits_per_weight"] = layers ? Json(plan.bitsPerWeight(*layers)) : Json();
  object["predicted"] = toJson(plan.predicted);
  object["bound"] = plan.bound ? Json(*plan.bound) : Json();
  object["gap"] = plan.bound && *plan.bound > 0 ? Json((plan.predicted.mean - *plan.bound) / *plan.bound) : Json();
  object["repairs"] = plan.repairs;
  object["note"] = plan.note;
  object["settings"] = Json::array();
  for (const auto& layer : plan.layers) {
    Setting bare = layer.setting;
    bare.sparsity = {};
    bare.rank = {};
    bare.activationBits = 0;
    bare.method.clear();
    bare.parameters.clear();
    Setting sparsity, rank;
    sparsity.sparsity = layer.setting.sparsity;
    rank.rank = layer.setting.rank;
    const auto after = [](const Setting& setting) { return toText(setting).substr(std::string("keep+").size()); };
    object["settings"].push_back({{"layer", layer.layer},
                                  {"setting", toText(layer.setting)},
                                  {"format", toText(bare)},
                                  {"bits", layer.setting.bitsPerCode()},
                                  {"sparsity", layer.setting.sparsity == Sparsity{} ? Json() : Json(after(sparsity))},
                                  {"rank", layer.setting.rank.given() ? Json(after(rank)) : Json()},
                                  {"activation_bits", layer.setting.activationBits},
                                  {"locked", layer.locked},
                                  {"bytes", layer.bits.bytes().count}});
  }
  return object;
}

Json toJson(const CompressionResult& result) {
  Json layers = Json::array();
  for (const auto& layer : result.layers)
    layers.push_back({{"layer", layer.layer}, {"setting", toText(layer.setting)}, {"bytes", layer.bits.bytes().count}, {"error", layer.error}, {"seconds", layer.seconds}});
  return {{"plan", result.plan}, {"layers", layers}, {"repairs", result.repairs}, {"before", toJson(result.before)}, {"after", toJson(result.after)},
          {"difference", toJson(result.difference)}, {"correct_before", result.correctBefore}, {"correct_after", result.correctAfter},
          {"resumed_from", result.resumedFrom}, {"seconds", result.seconds}};
}

Json toJson(const ExportRecord& record) {
  Json reloaded = {{"max_abs_difference", record.maxAbsDifference}};
  for (const auto& [score, estimate] : record.reloaded) reloaded[score] = toJson(estimate);
  return {{"file", record.file}, {"plan", record.plan}, {"bytes", record.bytes}, {"predicted_bytes", record.predictedBytes}, {"weight_bytes", record.weightBytes},
          {"header_bytes", record.bytes - record.weightBytes}, {"target", record.target}, {"reloaded", reloaded}};
}

}  // namespace planish::cli
