#pragma once

#include "core/base/units.h"
#include "core/compression/setting.h"
#include "core/network/layer.h"
#include "core/tensor/tensor.h"

#include <memory>
#include <vector>

namespace planish {

/// How an exported file spends bytes on what belongs to codes; a target profile says it.
struct StorageRules {
  int scaleBits = 16;           ///< of one scale: 16 (fp16) or 32; scales are rounded to it before codes are made
  bool zeroPoints = true;       ///< unsigned formats store a zero point of the codes' width for each scale
  bool wholeBytes = false;      ///< codes of fewer than 8 bits take a byte each
  /// Pruned weights are left out of the file where that is smaller (see element_storage.h); false: every weight is stored.
  bool leaveOutPruned = true;
  bool operator==(const StorageRules&) const = default;
};

/// One part of a compressed matrix [rows, columns] (row-major; see WeightOrder). See architecture: codes, scales, zero points,
/// codebooks, masks, outliers, low-rank pairs. decode() of the whole is the sum of the dense planes and products of the pairs.
class Plane {
 public:
  virtual ~Plane() = default;
  virtual std::string kind() const = 0;  ///< "codes", "dense", "low-rank", ...
  /// Float32 [rows, columns], bit-exact: what a runtime reconstructs.
  virtual Tensor decode() const = 0;
  /// Exactly what the exported file spends on it.
  virtual Bits bits() const = 0;
};

/// A layer's weight in compressed form.
struct CompressedTensor {
  Setting setting;
  std::int64_t rows = 0, columns = 0;
  std::vector<std::shared_ptr<const Plane>> planes;

  /// Float32 [rows, columns].
  Tensor decode() const;
  Bits bits() const;
};

}  // namespace planish
