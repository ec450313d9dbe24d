#pragma once

#include "core/tensor/tensor.h"

#include <cstdint>
#include <memory>

namespace planish {

/// Memory for values that come and go: a block returns to the pool when the last tensor that uses it dies, in whichever
/// thread, and serves a later value of about its size without asking the system again. Thread-safe. Tensors may outlive the pool.
class MemoryPool {
 public:
  MemoryPool();
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// Uninitialised, 64-byte aligned. `passing`: it dies soon, and may lie in a block several times its size. Throws Error(outOfMemory).
  Tensor allocate(DataType type, const Shape& shape, Layout layout = Layout::plain, bool passing = true);
  /// Bytes in use by tensors that are alive, and the most since resetPeak().
  std::int64_t used() const;
  std::int64_t peak() const;
  void resetPeak();
  /// Gives the blocks that no tensor uses back to the system.
  void trim();

 private:
  struct Shared;
  class Block;
  std::shared_ptr<Shared> m_shared;
};

}  // namespace planish
