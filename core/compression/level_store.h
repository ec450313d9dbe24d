#pragma once

#include "core/compression/compressed_tensor.h"

#include <optional>
#include <string>

namespace planish {

/// Compressed weights that were made before, by everything that decides them (LayerCompressor makes the keys). May be called from any thread.
class LevelStore {
 public:
  virtual ~LevelStore() = default;
  /// nullopt: not there, or not fit to be used, which the store says.
  virtual std::optional<CompressedTensor> find(const std::string& key) = 0;
  /// `seconds`: what it cost to make. Never throws for want of space or rights: says so and goes on without.
  virtual void keep(const std::string& key, const CompressedTensor& level, double seconds) = 0;
};

}  // namespace planish
