#pragma once

#include "core/tensor/tensor.h"

#include <cstdint>
#include <memory>

namespace planish {

/// Memory for values that are kept for many samples, generation after generation, as a sweep's cut moves through a network. Blocks have pages
/// of their own and serve later values of about their size; where none does, idle ones go back to the system. So it holds what a generation
/// needs, where an allocator would hold that and the holes that others left. Thread-safe. Tensors may outlive it.
class KeptMemory {
 public:
  KeptMemory();
  ~KeptMemory();
  KeptMemory(const KeptMemory&) = delete;
  KeptMemory& operator=(const KeptMemory&) = delete;

  /// A copy; the tensor itself if it is on a device. Throws Error(outOfMemory).
  Tensor copyOf(const Tensor& tensor);
  /// Bytes of all blocks, idle ones included.
  std::int64_t held() const;

 private:
  struct Shared;
  class Block;
  std::shared_ptr<Shared> m_shared;
};

}  // namespace planish
