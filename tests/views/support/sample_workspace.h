#pragma once

#include "views/base/view.h"

#include <cmath>
#include <memory>
#include <string>

namespace planish::views {

inline Value namedValue(const std::string& name) {
  Value value;
  value.name = name;
  value.type = DataType::float32;
  return value;
}

/// A workspace of `count` invented layers with tables, menus (int2..int8, keep), a plan, a front, results and jobs: for tests of views
/// that need neither plugins nor files. Damage falls fourfold with each bit and differs from layer to layer.
inline Workspace sampleWorkspace(int count) {
  Workspace w;
  auto opened = std::make_shared<OpenedNetwork>();
  auto network = std::make_shared<Network>();
  network->name = "sample";
  ValueId previous = network->addValue(namedValue("input"));
  network->inputs = {previous};
  for (int i = 0; i < count; ++i) {
    Layer layer;
    layer.id = {i};
    layer.name = "block." + std::to_string(i / 3) + ".conv" + std::to_string(i % 3);
    layer.kind = i % 3 == 1 ? "depthwise" : i + 1 == count ? "linear" : "conv";
    layer.block = "block." + std::to_string(i / 3);
    const std::int64_t rows = 16 + i % 7 * 8, columns = 24 + i % 5 * 16;
    layer.weightShape = Shape({rows, columns});
    layer.weight = network->addValue(namedValue(layer.name + ".weight"));
    layer.input = previous;
    layer.output = network->addValue(namedValue(layer.name + ".output"));
    Operation operation;
    operation.type = i + 1 == count ? "Gemm" : "Conv";
    operation.name = layer.name;
    operation.inputs = {layer.input, layer.weight};
    operation.outputs = {layer.output};
    layer.operation = network->addOperation(operation);
    previous = layer.output;
    opened->layers.items.push_back(layer);
  }
  network->outputs = {previous};
  opened->network = network;
  opened->reference.path = "sample.onnx";
  opened->reference.name = "sample";
  w.network = opened;
  w.metric = "kl";
  SensitivityTable table;
  table.metric = "kl";
  table.unit = "nats";
  for (const char* text : {"int2", "int3", "int4", "int5", "int6", "int8"}) w.options.push_back(parseSetting(text));
  std::int64_t total = 0;
  for (int i = 0; i < count; ++i) {
    const auto& layer = opened->layers.items[static_cast<std::size_t>(i)];
    std::vector<MenuItem> menu;
    for (const auto& option : w.options) {
      MenuItem item;
      item.setting = option;
      item.bits = Bits{layer.weightCount() * option.bits + layer.rows() * 16};
      const double damage = 0.4 * std::pow(4.0, -option.bits) * (1 + 0.9 * std::sin(i * 1.7)) * (i == 0 ? 8 : 1);
      item.damage = Estimate{damage, damage * 0.1, 512};
      table.rows.push_back({layer.name, option, *item.damage, item.bits});
      menu.push_back(item);
    }
    MenuItem keep;
    keep.bits = Bits{layer.weightCount() * 32};
    keep.damage = Estimate{0, 0, 512};
    menu.push_back(keep);
    w.menus.push_back(menu);
    PlannedLayer planned;
    planned.layer = layer.name;
    planned.setting = w.options[static_cast<std::size_t>(1 + i % 4)];
    planned.bits = menu[static_cast<std::size_t>(1 + i % 4)].bits;
    planned.provenance = "exact";
    w.plan.layers.push_back(planned);
    w.layerOperations.push_back(layer.weightCount() * 49);
    total += layer.weightCount();
  }
  w.plan.name = "hand-tuned";
  w.plan.metric = "kl";
  w.project.put(table);
  w.totals = totalsWith(w);
  w.ghost = w.plan;
  w.budget = Budget{Budget::Kind::bitsPerWeight, 4};
  w.budgetBytes = Bytes{total / 2};
  w.project.put(w.plan);
  return w;
}

}  // namespace planish::views
