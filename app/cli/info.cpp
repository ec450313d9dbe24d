#include "app/cli/session.h"
#include "core/compute/shape_inference.h"

namespace planish::cli {
namespace {

Json toJson(const Network& network, const std::vector<ValueId>& ids) {
  Json list = Json::array();
  for (const ValueId id : ids) {
    const auto& value = network.value(id);
    Json shape = Json::array();
    std::size_t symbol = 0;
    for (const std::int64_t dim : value.declaredShape) {
      if (dim >= 0) shape.push_back(dim);
      else shape.push_back(symbol < value.symbols.size() && !value.symbols[symbol].empty() ? Json(printable(value.symbols[symbol])) : Json());
      if (dim < 0) ++symbol;
    }
    list.push_back({{"name", printable(value.name)}, {"type", name(value.type)}, {"shape", value.ranked ? shape : Json()}});
  }
  return list;
}

}  // namespace

int info(Session& session) {
  const OpenedNetwork opened = openNetwork(session.options.network, {}, session.plugins, session.progress);
  const Network& network = *opened.network;
  const auto unsupported = unsupportedOperations(network);
  const Shapes shapes = inferShapes(network);
  bool missing = false;
  std::int64_t weights = 0;
  std::map<std::string, std::int64_t> operations;
  for (const auto& value : network.values()) {
    missing = missing || value.missing;
    if (value.isConstant() && isFloating(value.constant.type())) weights += value.constant.count();
  }
  for (const auto& operation : network.operations()) ++operations[operation.domain.empty() ? operation.type : operation.domain + "." + operation.type];
  const bool runnable = unsupported.empty() && !missing;

  Json object = resultObject("info");
  Json counts = Json::object();
  for (const auto& [type, count] : operations) counts[printable(type)] = count;
  object["network"] = {{"file", opened.reference.path}, {"format", network.format}, {"bytes", opened.reference.bytes}, {"weights", weights}, {"operations", counts}};
  object["layers"] = Json::array();
  std::vector<std::vector<std::string>> rows = {{"id", "layer", "kind", "shape", "weights", "bytes"}};
  for (const auto& layer : opened.layers.items) {
    const std::int64_t bytes = network.value(layer.weight).constant.byteSize();
    object["layers"].push_back({{"id", layer.id.index}, {"name", printable(layer.name)}, {"kind", layer.kind}, {"shape", layer.weightShape.dims()},
                                {"weights", layer.weightCount()}, {"bytes", bytes}, {"block", printable(layer.block)}});
    rows.push_back({std::to_string(layer.id.index), printable(layer.name), layer.kind, layer.weightShape.text(), grouped(layer.weightCount()), grouped(bytes)});
  }
  object["inputs"] = toJson(network, network.inputs);
  object["outputs"] = toJson(network, network.outputs);
  object["unsupported"] = Json::array();
  for (const auto& entry : unsupported)
    object["unsupported"].push_back({{"operation", printable(entry.type)}, {"count", entry.count}, {"reason", entry.reason}});
  object["runnable"] = runnable;
  object["notices"] = network.notices;
  object["problems"] = shapes.problems;
  object["not_compressible"] = opened.skipped;

  session.output.text(table(rows, {true, false, false, false, true, true}));
  session.output.text("\n" + std::to_string(opened.layers.size()) + " layers, " + std::to_string(network.operationCount()) + " operations, " + grouped(weights) +
                      " weights, " + grouped(static_cast<std::int64_t>(opened.reference.bytes)) + " bytes; " +
                      (runnable ? "can run" : "cannot run") + "\n");
  for (const auto& entry : unsupported)
    session.output.text("  lacks " + printable(entry.type) + " (" + std::to_string(entry.count) + "): " + entry.reason + "\n");
  for (const auto& notice : network.notices) session.output.text("  note: " + printable(notice, 400) + "\n");
  const auto passes = helpfulPasses(opened);
  object["helpful_passes"] = passes;
  for (const auto& pass : passes) session.output.text("  note: pass " + pass + " makes more layers visible; measure and run apply it\n");
  for (const auto& problem : shapes.problems) session.output.text("  shapes: " + printable(problem, 400) + "\n");
  session.output.result(std::move(object));
  return 0;
}

}  // namespace planish::cli
