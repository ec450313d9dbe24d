#include "core/compute/passes/fold_constants.h"

#include "core/compute/executor.h"

#include <algorithm>
#include <set>

namespace planish {
namespace {

bool mayFold(const Network& network, const Operation& operation) {
  static const std::set<std::string> kLeftAlone = {"RandomNormal",      "RandomUniform",  "RandomNormalLike",
                                                   "RandomUniformLike", "Multinomial",    "Bernoulli",
                                                   "DequantizeLinear",  "QuantizeLinear", "Dropout",
                                                   "SequenceEmpty",     "Optional"};
  if (!operation.domain.empty() || kLeftAlone.contains(operation.type) || operation.inputs.empty())
    return false;
  for (const auto& [name, attribute] : operation.attributes.all())
    if (std::holds_alternative<std::shared_ptr<const Network>>(attribute)) return false;
  for (const ValueId input : operation.inputs)
    if (input.valid() && !network.value(input).isConstant()) return false;
  for (const ValueId output : operation.outputs)
    if (output.valid() &&
        std::find(network.outputs.begin(), network.outputs.end(), output) != network.outputs.end())
      return false;
  return true;
}

/// A network of this operation alone, so that nothing else is checked, inferred or run.
Network alone(const Network& network, const Operation& operation) {
  Network single;
  single.opsets = network.opsets;
  single.irVersion = network.irVersion;
  Operation copy = operation;
  for (ValueId& id : copy.inputs)
    if (id.valid()) id = single.addValue(network.value(id));
  for (ValueId& id : copy.outputs)
    if (id.valid()) single.outputs.push_back(id = single.addValue(network.value(id)));
  single.addOperation(std::move(copy));
  return single;
}

}  // namespace

PassResult foldConstants(const Network& given, std::int64_t largest) {
  PassResult result{given, {}};
  Network& network = result.network;
  std::vector<Operation> kept;
  for (std::int32_t i = 0; i < given.operationCount(); ++i) {
    const Operation& operation = given.operation({i});
    bool folded = false;
    if (mayFold(network, operation)) {
      const Network single = alone(network, operation);
      try {
        Executor executor(single, Context{}, referenceKernels());
        const ValueMap made = executor.run({}, single.outputs);
        folded = std::all_of(made.begin(), made.end(),
                             [&](const auto& item) { return item.second.count() <= largest; });
        std::size_t next = 0;
        if (folded)
          for (const ValueId output : operation.outputs) {
            if (!output.valid()) continue;
            Value& value = network.value(output);
            value.constant = toPlain(made.at(single.outputs[next++]));
            value.type = value.constant.type();
            value.source = -1;
          }
      } catch (const Error&) {
        folded = false;  // it stays, and whoever runs the network gets the error with its place
      }
    }
    if (folded)
      result.changes.push_back(given.describe({i}) + " became a constant");
    else
      kept.push_back(operation);
  }
  if (result.changes.empty()) return result;
  network.setOperations(std::move(kept));
  network.passes.push_back("fold-constants");
  return result;
}

}  // namespace planish
