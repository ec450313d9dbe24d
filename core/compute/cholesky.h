#pragma once

#include "core/base/progress.h"

#include <cstdint>

namespace planish {

/// Replaces the lower triangle of a symmetric matrix [size, size], row-major, by L with A = L L^T; the upper triangle is neither read nor
/// written. False, with a matrix that is of no use, where A is not positive definite to working precision. Blocked; the same bits on every
/// processor and for every number of threads. Throws Cancelled.
bool choleskyInPlace(double* matrix, std::int64_t size, int threads, const Progress& progress);

}  // namespace planish
