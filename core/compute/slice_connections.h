#pragma once

#include "core/network/network.h"

#include <map>
#include <set>
#include <span>
#include <vector>

namespace planish {

/// Who makes and who reads values within a slice of a network; Connections tells it of the whole one.
class SliceConnections {
 public:
  SliceConnections(const Network& network, std::span<const OperationId> order) {
    for (const OperationId id : order) {
      const auto& operation = network.operation(id);
      std::set<ValueId> once(operation.inputs.begin(), operation.inputs.end());
      once.insert(operation.captured.begin(), operation.captured.end());
      for (const ValueId input : once) m_consumers[input].push_back(id);
      for (const ValueId output : operation.outputs)
        if (output.valid()) m_producer[output] = id;
    }
  }

  /// In order, once per operation.
  const std::vector<OperationId>& consumers(ValueId id) const {
    static const std::vector<OperationId> kNone;
    const auto found = m_consumers.find(id);
    return found == m_consumers.end() ? kNone : found->second;
  }
  /// Invalid for what comes from outside the slice.
  OperationId producer(ValueId id) const {
    const auto found = m_producer.find(id);
    return found == m_producer.end() ? OperationId{} : found->second;
  }

 private:
  std::map<ValueId, std::vector<OperationId>> m_consumers;
  std::map<ValueId, OperationId> m_producer;
};

}  // namespace planish
