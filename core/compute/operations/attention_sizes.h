#pragma once

#include "core/compute/operations/argument_checks.h"

namespace planish::operations {

/// Sizes of one Attention: queries [batch, heads, queries, width], keys and values [batch, groups, keys, width or valueWidth].
struct AttentionSizes {
  std::int64_t batch, heads, groups, queries, past, incoming, width, valueWidth;
  bool flat;  ///< heads lie inside the last of three axes

  std::int64_t keys() const { return past + incoming; }

  /// From the shapes of Q, K, V, and of past_key or nullptr. Throws Error(invalidInput).
  AttentionSizes(const Attributes& attributes, const Shape& q, const Shape& k, const Shape& v, const Shape* pastKey) {
    flat = q.rank() == 3;
    if ((q.rank() != 3 && q.rank() != 4) || k.rank() != q.rank() || v.rank() != q.rank())
      refuse("Q, K and V of one rank, 3 or 4", q.text() + ", " + k.text() + " and " + v.text());
    batch = q[0];
    if (flat) {
      heads = wholeWithin(attributes, "q_num_heads", 0, 1, std::numeric_limits<std::int32_t>::max());
      groups = wholeWithin(attributes, "kv_num_heads", 0, 1, std::numeric_limits<std::int32_t>::max());
      if (q[2] % heads != 0 || k[2] % groups != 0 || v[2] % groups != 0)
        refuse("widths that " + std::to_string(heads) + " and " + std::to_string(groups) + " heads divide", q.text() + ", " + k.text() + " and " + v.text());
      queries = q[1], incoming = k[1];
      width = q[2] / heads, valueWidth = v[2] / groups;
      if (k[2] / groups != width || v[1] != incoming) refuse("keys and values that fit the queries", q.text() + ", " + k.text() + " and " + v.text());
    } else {
      heads = q[1], groups = k[1], queries = q[2], incoming = k[2], width = q[3], valueWidth = v[3];
      if (k[3] != width || v[1] != groups || v[2] != incoming) refuse("keys and values that fit the queries", q.text() + ", " + k.text() + " and " + v.text());
    }
    if (k[0] != batch || v[0] != batch) refuse("Q, K and V of one batch size", q.text() + ", " + k.text() + " and " + v.text());
    if (groups < 1 || heads % groups != 0) refuse("query heads that the key heads divide", std::to_string(heads) + " and " + std::to_string(groups));
    past = 0;
    if (!pastKey) return;
    if (pastKey->rank() != 4 || (*pastKey)[0] != batch || (*pastKey)[1] != groups || (*pastKey)[3] != width)
      refuse("past keys that fit keys " + k.text(), pastKey->text());
    past = (*pastKey)[2];
  }
};

}  // namespace planish::operations
