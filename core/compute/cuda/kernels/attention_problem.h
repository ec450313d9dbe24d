#pragma once

#include "core/compute/cuda/kernels/launch.h"

namespace planish::cuda {

/// Where element (batch, head, row, column) of a factor is: elements from its start. Columns lie side by
/// side, except in a mask.
struct AttentionStrides {
  std::int64_t batch = 0, head = 0, row = 0, column = 1;
};

/// out = softmax(cap(scale Q K^T) + mask) V for each batch and head; Q [queries, width], K [keys, width], V
/// [keys, valueWidth]. Sums and exponentials in float32; float16 and bfloat16 go through the tensor cores,
/// with the softmax's numerators rounded to their type before the second product. Rows with every key masked
/// become zeros.
struct Attention {
  static constexpr std::int64_t kMostWidth = 128;
  enum class Mask : std::uint8_t {
    none,
    added,
    allowed
  };  ///< of the type of the factors, or bytes that are 0 where a key is masked

  DataType type = DataType::float32;
  const void *q = nullptr, *k = nullptr, *v = nullptr, *mask = nullptr;
  void* out = nullptr;
  AttentionStrides qStrides, kStrides, vStrides, maskStrides, outStrides;
  std::int64_t batch = 0, heads = 0, queries = 0, keys = 0, width = 0, valueWidth = 0;
  std::int64_t headsOfKey = 1;   ///< query heads that share a head of keys and values
  float scale = 1, softcap = 0;  ///< cap(x) = softcap tanh(x / softcap), x where softcap is 0
  Mask maskKind = Mask::none;
  std::int64_t maskKeys = 0;  ///< keys from here on are masked where there is a mask
  /// Query i stands at key i + shift and sees keys from there - left to there + right.
  std::int64_t shift = 0, left = INT32_MAX, right = INT32_MAX;
};
void attend(const DeviceState& state, const Attention& attention);

/// The same by type: float32 with its own arithmetic; float16 and bfloat16.
void attendFloat(const DeviceState& state, const Attention& attention);
void attendTensor(const DeviceState& state, const Attention& attention);

}  // namespace planish::cuda
