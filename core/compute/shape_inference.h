#pragma once

#include "core/compute/operation_registry.h"

#include <map>
#include <string>
#include <vector>

namespace planish {

/// Shapes of all values for concrete network inputs.
struct Shapes {
  struct Item {
    DataType type = DataType::undefined;
    Shape shape;
  };
  std::map<ValueId, Item> items;      ///< what could be found
  std::vector<std::string> problems;  ///< operations whose shapes could not be found, and why
  const Item* find(ValueId id) const;
};

/// Follows shapes (and small constant values) through the graph without running it. `inputShapes` overrides declared shapes;
/// symbolic dimensions that remain become `symbolic` (the batch, as a rule). Never throws for a network's fault: that is a problem in the result.
Shapes inferShapes(const Network& network, const std::map<ValueId, Shape>& inputShapes = {}, std::int64_t symbolic = 1);

/// An operation of the network that cannot be run here, and why.
struct UnsupportedOperation {
  std::string type;  ///< with its domain: "com.example.Foo"
  int count = 0;
  std::string reason;
};
std::vector<UnsupportedOperation> unsupportedOperations(const Network& network, DeviceKind device = DeviceKind::cpu);

}  // namespace planish
