#pragma once

#include "core/compute/cuda/kernels/attention_problem.h"
#include "core/compute/cuda/kernels/elements.cuh"

namespace planish::cuda {

/// One batch and head of an attention.
template <typename T>
struct AttentionHead {
  const T *q, *k, *v;
  T* out;
  const void* mask;
};

template <typename T>
__device__ __forceinline__ AttentionHead<T> headOf(const Attention& a, int batch, int head) {
  const int keyHead = head / static_cast<int>(a.headsOfKey);
  AttentionHead<T> result;
  result.q = static_cast<const T*>(a.q) + batch * a.qStrides.batch + head * a.qStrides.head;
  result.k = static_cast<const T*>(a.k) + batch * a.kStrides.batch + keyHead * a.kStrides.head;
  result.v = static_cast<const T*>(a.v) + batch * a.vStrides.batch + keyHead * a.vStrides.head;
  result.out = static_cast<T*>(a.out) + batch * a.outStrides.batch + head * a.outStrides.head;
  const std::int64_t maskAt = batch * a.maskStrides.batch + head * a.maskStrides.head;
  result.mask = a.maskKind == Attention::Mask::added
                    ? static_cast<const void*>(static_cast<const T*>(a.mask) + maskAt)
                    : static_cast<const void*>(static_cast<const std::uint8_t*>(a.mask) + maskAt);
  return result;
}

/// Whether every key counts and scores are only scaled.
__host__ __device__ __forceinline__ bool seesAll(const Attention& a) {
  return a.maskKind == Attention::Mask::none && a.softcap == 0 && a.left >= INT32_MAX && a.right >= INT32_MAX;
}

/// A score before the softmax; -inf where the key is masked.
template <typename T>
__device__ __forceinline__ float scored(const Attention& a, const void* mask, float product, int query,
                                        int key) {
  const int distance = key - query - static_cast<int>(a.shift);
  if (key >= a.keys || distance > a.right || -distance > a.left) return -INFINITY;
  float x = product * a.scale;
  if (a.softcap > 0) x = a.softcap * tanhf(x / a.softcap);
  if (a.maskKind == Attention::Mask::none) return x;
  if (key >= a.maskKeys) return -INFINITY;
  const std::int64_t at = query * a.maskStrides.row + key * a.maskStrides.column;
  if (a.maskKind == Attention::Mask::added) return x + toFloat(static_cast<const T*>(mask)[at]);
  return static_cast<const std::uint8_t*>(mask)[at] ? x : -INFINITY;
}

/// Keys that queries [first, last] see: from `begin`, a multiple of `tile`, to `end`.
struct KeyRange {
  int begin, end;
};
__device__ __forceinline__ KeyRange keysOf(const Attention& a, int first, int last, int tile) {
  const std::int64_t from = first + a.shift - a.left, to = last + a.shift + a.right + 1,
                     all = a.maskKind == Attention::Mask::none ? a.keys : min(a.keys, a.maskKeys);
  KeyRange range;
  range.begin = static_cast<int>(from > 0 ? min(from, all) / tile * tile : 0);
  range.end = static_cast<int>(to < all ? (to > 0 ? to : 0) : all);
  return range;
}

}  // namespace planish::cuda
