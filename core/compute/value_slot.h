#pragma once

#include "core/compute/memory_pool.h"

namespace planish {

/// A value while a program runs: the tensor as it was made, and its copy in the other layout once somebody asked for it.
class ValueSlot {
 public:
  void set(Tensor tensor, std::int64_t counted = 0);
  void clear();
  const Tensor& tensor() const { return m_tensor; }
  /// The same values in this layout. A tensor of rank below 3 has only the plain one.
  const Tensor& in(Layout layout, MemoryPool& pool, int threads);
  /// Bytes that the run counted for it.
  std::int64_t counted() const { return m_counted; }

 private:
  Tensor m_tensor, m_other;
  std::int64_t m_counted = 0;
};

/// A copy in the other layout. Where the order of the elements in memory is the same in both ([N, C, 1, 1] and [N, 1, H, W])
/// it shares the bytes.
Tensor converted(const Tensor& tensor, Layout layout, MemoryPool& pool, int threads);

}  // namespace planish
