#pragma once

#include "core/compression/compressed_tensor.h"

namespace planish {

/// How many weights of a [rows, columns] matrix stay under a sparsity. Counts are exact, so that sizes can be predicted:
/// unstructured drops floor(percent / 100 * rows * columns) weights, channels floor(percent / 100 * rows) rows; N:M keeps
/// min(N, length) of every M consecutive columns of a row, the last group of a row being as short as it is.
std::int64_t keptWeights(const Sparsity& sparsity, std::int64_t rows, std::int64_t columns);
std::int64_t keptRows(const Sparsity& sparsity, std::int64_t rows);

/// How many scales a matrix has: 1, rows, or rows * ceil(columns / group). `group` as in CodePlane::group(); 0: per tensor.
std::int64_t scaleCount(std::int64_t rows, std::int64_t columns, std::int64_t group);
/// CodePlane::group() of a setting's granularity: 0 per tensor, columns per channel, min(group, columns) per group.
std::int64_t groupOf(const Setting& setting, std::int64_t columns);

/// The rank of the setting for this matrix: `rank`, or floor(percent / 100 * min(rows, columns)) but at least 1.
std::int64_t rankOf(const Rank& rank, std::int64_t rows, std::int64_t columns);

/// What the elements of a matrix and what belongs to them take in a file.
struct ElementCost {
  int elementBits = 32;    ///< of one code; a multiple of 8 where StorageRules::wholeBytes asks
  int scaleBits = 0;       ///< of one scale and its zero point; 0: the format has no scales
  std::int64_t group = 0;  ///< as in CodePlane::group()
};
ElementCost elementCost(const Setting& setting, std::int64_t columns, const StorageRules& storage);

/// Bits of a matrix of which `kept` weights (`rowsKept` rows) stay. With StorageRules::leaveOutPruned the smaller of
///  - everything: rows * columns elements and all scales;
///  - without the pruned: kept elements, scales, and where they stand:
///      unstructured: one bit a weight;
///      N:M: for every full group of M the smaller of M bits and N * ceil(log2 M) bits (2:4: 4 bits), for a short last group
///           of which weights are dropped one bit a weight;
///      channels: one bit a row; scales of dropped rows are left out too.
Bits matrixBits(const ElementCost& cost, std::int64_t rows, std::int64_t columns, const Sparsity& sparsity, std::int64_t kept, std::int64_t rowsKept,
                const StorageRules& storage);

/// Bits that say which weights of a matrix stay: the third item above.
std::int64_t maskBits(const Sparsity& sparsity, std::int64_t rows, std::int64_t columns);

/// Weights and rows with at least one weight that a mask (boolean [rows, columns]; undefined: all) leaves.
std::int64_t keptWeights(const Tensor& mask, std::int64_t rows, std::int64_t columns);
std::int64_t keptRows(const Tensor& mask, std::int64_t rows, std::int64_t columns);

/// A scale as it is stored: rounded to fp16 (never to 0) or left as float32. Throws Error(unsupported) if it does not fit.
float storedScale(float scale, int scaleBits);

}  // namespace planish
