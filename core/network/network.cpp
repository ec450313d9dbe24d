#include "core/network/network.h"

#include <algorithm>
#include <queue>
#include <set>

namespace planish {

ValueId Network::addValue(Value value) {
  m_values.push_back(std::move(value));
  return {static_cast<std::int32_t>(m_values.size()) - 1};
}

OperationId Network::addOperation(Operation operation) {
  m_operations.push_back(std::move(operation));
  return {static_cast<std::int32_t>(m_operations.size()) - 1};
}

ValueId Network::find(std::string_view name) const {
  for (std::size_t i = 0; i < m_values.size(); ++i)
    if (m_values[i].name == name) return {static_cast<std::int32_t>(i)};
  return {};
}

std::int64_t Network::opset(const std::string& domain) const {
  const auto found = opsets.find(domain);
  return found == opsets.end() ? 0 : found->second;
}

std::string Network::describe(OperationId id) const {
  const auto& op = operation(id);
  return op.name.empty() ? printable(op.type) + " #" + std::to_string(id.index) : printable(op.type) + " '" + printable(op.name) + "'";
}

Connections::Connections(const Network& network)
    : producer(static_cast<std::size_t>(network.valueCount())), consumers(static_cast<std::size_t>(network.valueCount())) {
  for (std::int32_t i = 0; i < network.operationCount(); ++i) {
    const auto& operation = network.operation({i});
    for (const ValueId output : operation.outputs)
      if (output.valid()) producer[static_cast<std::size_t>(output.index)] = {i};
    for (const auto* read : {&operation.inputs, &operation.captured})
      for (const ValueId input : *read) {
        if (!input.valid()) continue;
        auto& list = consumers[static_cast<std::size_t>(input.index)];
        if (list.empty() || list.back() != OperationId{i}) list.push_back({i});
      }
  }
}

void sortAndCheck(Network& network) {
  const auto count = static_cast<std::size_t>(network.operationCount());
  std::vector<OperationId> producer(static_cast<std::size_t>(network.valueCount()));
  std::vector<bool> given(producer.size());
  for (const auto* list : {&network.inputs, &network.outerValues})
    for (const ValueId id : *list) given[static_cast<std::size_t>(id.index)] = true;
  for (std::size_t i = 0; i < producer.size(); ++i) {
    const auto& value = network.value({static_cast<std::int32_t>(i)});
    if (value.isConstant() || value.missing) given[i] = true;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const OperationId id{static_cast<std::int32_t>(i)};
    for (const ValueId output : network.operation(id).outputs) {
      if (!output.valid()) continue;
      auto& maker = producer[static_cast<std::size_t>(output.index)];
      if (maker.valid() || given[static_cast<std::size_t>(output.index)])
        throw Error(ErrorKind::invalidInput, "value '" + printable(network.value(output).name) + "' is made twice").at(network.describe(id));
      maker = id;
    }
  }
  std::vector<int> waiting(count);
  std::vector<std::vector<std::size_t>> readers(count);
  for (std::size_t i = 0; i < count; ++i) {
    const OperationId id{static_cast<std::int32_t>(i)};
    for (const auto* read : {&network.operation(id).inputs, &network.operation(id).captured})
      for (const ValueId input : *read) {
        if (!input.valid()) continue;
        const OperationId maker = producer[static_cast<std::size_t>(input.index)];
        if (maker.valid()) {
          ++waiting[i];
          readers[static_cast<std::size_t>(maker.index)].push_back(i);
        } else if (!given[static_cast<std::size_t>(input.index)]) {
          throw Error(ErrorKind::invalidInput, "input '" + printable(network.value(input).name) + "' is made by no operation and is no weight")
              .at(network.describe(id));
        }
      }
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < count; ++i)
    if (waiting[i] == 0) ready.push(i);
  std::vector<Operation> sorted;
  sorted.reserve(count);
  std::vector<bool> done(count);
  while (!ready.empty()) {
    const std::size_t i = ready.top();
    ready.pop();
    done[i] = true;
    sorted.push_back(std::move(network.operation({static_cast<std::int32_t>(i)})));
    for (const std::size_t reader : readers[i])
      if (--waiting[reader] == 0) ready.push(reader);
  }
  if (sorted.size() != count) {
    const auto stuck = static_cast<std::int32_t>(std::find(done.begin(), done.end(), false) - done.begin());
    throw Error(ErrorKind::invalidInput, "the graph has a cycle through this operation").at(network.describe({stuck}));
  }
  for (const ValueId output : network.outputs)
    if (!producer[static_cast<std::size_t>(output.index)].valid() && !given[static_cast<std::size_t>(output.index)])
      throw Error(ErrorKind::invalidInput, "network output '" + printable(network.value(output).name) + "' is made by no operation");
  network.setOperations(std::move(sorted));
}

std::string freshName(const Network& network, const std::string& wish) {
  std::string name = wish;
  for (int i = 2; network.find(name).valid(); ++i) name = wish + "#" + std::to_string(i);
  return name;
}

}  // namespace planish
