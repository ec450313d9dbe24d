#pragma once

#include "core/statistics/input_columns.h"

#include <span>
#include <vector>

namespace planish {

/// Sum of x x^T over all vectors of one group: [columns, columns], row-major, symmetric. Products are summed in float32 over 128 vectors
/// and in float64 over these sums, in a fixed order: the result is the same on every processor.
std::vector<double> gramOf(const InputColumns& columns, std::int64_t group, std::int64_t size);
/// Sum of x^2 by column, in float64.
std::vector<double> squareSumsOf(const InputColumns& columns, std::int64_t group, std::int64_t size);

/// out[i][j] = sum over r of a[r * 16 + i] * b[r * 16 + j] for i < 4, j < 16. The two ways give the same bits; `fast` is the plain one
/// where the processor has no AVX2.
using GramTile = void (*)(const float* a, const float* b, std::int64_t rows, float* out);
GramTile plainGramTile();
GramTile fastGramTile();

}  // namespace planish
