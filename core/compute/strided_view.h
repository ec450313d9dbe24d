#pragma once

#include "core/compute/kernel_registry.h"

#include <cstdint>
#include <vector>

namespace planish {

/// Elements of a plain tensor in another order: element (i, j, ...) is `offset` + i * strides[0] + j *
/// strides[1] + ... elements from its start.
struct StridedView {
  const Tensor* tensor = nullptr;
  std::vector<std::int64_t> sizes, strides;
  std::int64_t offset = 0;

  StridedView() = default;
  explicit StridedView(const Tensor& whole)
      : tensor(&whole), sizes(whole.shape().dims()), strides(whole.shape().strides()) {}

  /// Whether apply() knows operations of this type.
  static bool knows(const std::string& type);
  /// Changes the view into what `operation` makes of it, of shape `shape`. `first`: the line that a Gather of
  /// one line takes, or where along its axis the output of a Split begins. False where only a copy of the
  /// elements can do that.
  bool apply(const Operation& operation, const Shape& shape, std::int64_t first = 0);
  /// Stretched as numpy does.
  bool expand(const std::vector<std::int64_t>& to);

 private:
  bool reshape(const std::vector<std::int64_t>& to);
};

/// softmax(scale Q K^T + mask) V on views: Q [batch, heads, queries, width], K [batch, heads, keys, width], V
/// [batch, heads, keys, value width], mask [batch, heads, queries, keys] if there is one. `resultStrides` say
/// where element (batch, head, query, i) of the result goes in output 0.
struct AttentionCall {
  StridedView query, key, value, mask;
  std::vector<std::int64_t> resultStrides;
  double scale = 1;
};

}  // namespace planish
