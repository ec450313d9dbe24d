#pragma once

#include "core/compute/epilogue.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace planish::cpu {

constexpr std::int64_t kTileRows = 6, kPanelColumns = 16;

/// Floats at a 64-byte boundary.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::int64_t count);
  float* data() { return m_data.get(); }
  const float* data() const { return m_data.get(); }
  std::int64_t count() const { return m_count; }
  /// Grows if need be; the content is lost then.
  void reserve(std::int64_t count);

 private:
  struct Free {
    void operator()(float* data) const;
  };
  std::unique_ptr<float[], Free> m_data;
  std::int64_t m_count = 0;
};

/// A matrix [depth, columns] in panels of 16 columns, each of them [depth, 16], the last one filled up with zeros.
struct PackedMatrix {
  std::int64_t depth = 0, columns = 0;
  AlignedFloats data;

  std::int64_t panels() const { return (columns + kPanelColumns - 1) / kPanelColumns; }
};

/// Element (k, n) is source[k * depthStride + n * columnStride].
void pack(const float* source, std::int64_t depth, std::int64_t columns, std::int64_t depthStride, std::int64_t columnStride, PackedMatrix& into);

/// The left matrix, row by row: a row is `segments` pieces of segmentLength floats, which together are as many as the packed
/// matrix is deep. pointers is [tiles][segments][6 rows]; rows beyond the last one of the last tile point to any readable row.
struct ProductRows {
  std::int64_t rows = 0, segments = 1, segmentLength = 0;
  const float* const* pointers = nullptr;
};

struct ProductOutput {
  float* out = nullptr;
  std::int64_t pitch = 0;             ///< from row to row, in floats
  const float* bias = nullptr;        ///< one for each column, filled up to whole panels; nullptr for none
  const float* residual = nullptr;    ///< added; nullptr for none
  std::int64_t residualPitch = 0;
  Activation activation;
};

/// out = activation(rows * matrix + bias + residual). Each element is one sum in the order of the depth, whatever the number
/// of rows or threads. Runs on the caller's thread.
void multiply(const PackedMatrix& matrix, const ProductRows& rows, const ProductOutput& output);

/// A part of a product. firstColumn is a multiple of 16; the first of these columns is at ProductOutput::out,
/// bias and residual.
struct ProductRange {
  std::int64_t firstColumn = 0, columns = 0, firstDepth = 0, depth = 0;
};

/// The same for a part of the columns, and a part of the depth: `rows` are the left matrix's columns of this
/// part only. A part that does not begin the depth goes on with the sums that stand in `out`; one that does
/// not end it leaves sums there. Part by part in order gives the bytes of the whole.
void multiply(const PackedMatrix& matrix, const ProductRange& range, const ProductRows& rows,
              const ProductOutput& output);

/// How many rows make a good block for multiply(): the block's left side and its result stay in the second-level cache.
std::int64_t blockRows(const PackedMatrix& matrix);

}  // namespace planish::cpu
