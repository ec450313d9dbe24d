#include "core/network/passes/drop_identity.h"

#include "core/tensor/element.h"

#include <algorithm>

namespace planish {
namespace {

bool contains(const std::vector<ValueId>& list, ValueId value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool doesNothing(const Network& network, const Connections& connections, const Operation& operation) {
  if (!operation.domain.empty() || !operation.input(0).valid() || !operation.output(0).valid()) return false;
  if (operation.type == "Identity") return true;
  if (operation.type != "Dropout") return false;
  const ValueId mask = operation.output(1), training = operation.input(2);
  if (mask.valid() && (contains(network.outputs, mask) ||
                       !connections.consumers[static_cast<std::size_t>(mask.index)].empty()))
    return false;
  if (network.opset() < 7 && operation.attributes.whole("is_test", 0) == 0) return false;
  if (!training.valid()) return true;
  const Tensor* flag = constantBehind(network, connections, training);
  return flag && flag->count() == 1 && ElementReader(*flag).whole(0) == 0;
}

}  // namespace

PassResult dropIdentity(const Network& given) {
  PassResult result{given, {}};
  Network& network = result.network;
  const Connections connections(given);
  const auto captured = capturedNames(given);
  std::vector<ValueId> instead(static_cast<std::size_t>(given.valueCount()));
  const auto resolve = [&](ValueId value) {
    while (value.valid() && instead[static_cast<std::size_t>(value.index)].valid())
      value = instead[static_cast<std::size_t>(value.index)];
    return value;
  };
  std::vector<Operation> kept;
  for (std::int32_t i = 0; i < given.operationCount(); ++i) {
    Operation operation = given.operation({i});
    for (ValueId& input : operation.inputs)
      if (const ValueId now = resolve(input); now != input) {
        input = now;
        operation.source = -1;
      }
    const ValueId out = operation.output(0);
    if (!doesNothing(given, connections, operation) || contains(given.outputs, out) ||
        captured.contains(given.value(out).name)) {
      kept.push_back(std::move(operation));
      continue;
    }
    instead[static_cast<std::size_t>(out.index)] = operation.input(0);
    result.changes.push_back(given.describe({i}) + " was taken out");
  }
  if (result.changes.empty()) return result;
  network.setOperations(std::move(kept));
  sortAndCheck(network);
  network.passes.push_back("drop-identity");
  return result;
}

}  // namespace planish
