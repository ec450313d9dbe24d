#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace planish {

/// An index into one list of a network that cannot be mixed up with an index into another. -1 means "none".
template <typename Tag>
struct Id {
  std::int32_t index = -1;

  bool valid() const { return index >= 0; }
  auto operator<=>(const Id&) const = default;
};

using ValueId = Id<struct ValueTag>;          ///< an edge of the graph: Network::value
using OperationId = Id<struct OperationTag>;  ///< a node of the graph: Network::operation
using LayerId = Id<struct LayerTag>;          ///< position in Layers

}  // namespace planish

template <typename Tag>
struct std::hash<planish::Id<Tag>> {
  std::size_t operator()(planish::Id<Tag> id) const noexcept { return std::hash<std::int32_t>()(id.index); }
};
