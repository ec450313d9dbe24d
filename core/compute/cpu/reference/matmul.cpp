#include "core/compute/operations/matmul_shapes.h"
#include "core/compute/cpu/reference/multiply.h"
#include "core/compute/cpu/reference/numbers.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

using operations::MatmulShapes;

template <typename T>
std::vector<T> multiplied(const MatmulShapes& shapes, const std::vector<T>& a, const std::vector<T>& b, int threads) {
  std::vector<T> result(static_cast<std::size_t>(shapes.output.count()));
  const auto left = stretchedIndices(shapes.leftBatch, shapes.batch), right = stretchedIndices(shapes.rightBatch, shapes.batch);
  for (std::size_t i = 0; i < left.size(); ++i)
    multiplyInto(a.data() + left[i] * shapes.rows * shapes.depth, b.data() + right[i] * shapes.depth * shapes.columns,
                 result.data() + static_cast<std::int64_t>(i) * shapes.rows * shapes.columns, shapes.rows, shapes.depth, shapes.columns, threads);
  return result;
}

/// 64-bit patterns: products and sums of integers wrap, as their low bits are what is kept.
std::vector<std::uint64_t> readBits(const Tensor& tensor) {
  const auto values = readWhole(tensor);
  return {values.begin(), values.end()};
}

void writeBits(KernelCall& call, const std::vector<std::uint64_t>& values) {
  writeWhole(call, 0, std::vector<std::int64_t>(values.begin(), values.end()));
}

void runMatMul(KernelCall& call) {
  const MatmulShapes shapes(call.input(0).shape(), call.input(1).shape());
  const int threads = call.context().threads;
  if (isInteger(call.input(0).type())) writeBits(call, multiplied(shapes, readBits(call.input(0)), readBits(call.input(1)), threads));
  else write(call, 0, multiplied(shapes, read(call.input(0)), read(call.input(1)), threads));
}

void runFusedMatMul(KernelCall& call) {
  Shape sizes[2];
  std::vector<double> factors[2];
  for (std::size_t i = 0; i < 2; ++i) {
    sizes[i] = call.input(i).shape();
    factors[i] = read(call.input(i));
    if (call.attributes().whole(i == 0 ? "transA" : "transB", 0) == 0 || sizes[i].rank() < 2) continue;
    factors[i] = turned(factors[i], sizes[i][-2], sizes[i][-1]);
    std::swap(sizes[i][-1], sizes[i][-2]);
  }
  auto result = multiplied(MatmulShapes(sizes[0], sizes[1]), factors[0], factors[1], call.context().threads);
  for (auto& value : result) value *= static_cast<double>(call.attributes().number("alpha", 1));
  write(call, 0, result);
}

template <typename T>
std::vector<T> gemm(const KernelCall& call, std::vector<T> a, std::vector<T> b) {
  const Shape &as = call.input(0).shape(), &bs = call.input(1).shape(), &output = call.outputShape(0);
  const bool turnA = call.attributes().whole("transA", 0) != 0, turnB = call.attributes().whole("transB", 0) != 0;
  if (turnA) a = turned(a, as[0], as[1]);
  if (turnB) b = turned(b, bs[0], bs[1]);
  std::vector<T> result(static_cast<std::size_t>(output.count()));
  multiplyInto(a.data(), b.data(), result.data(), output[0], as[turnA ? 0 : 1], output[1], call.context().threads);
  return result;
}

void runGemm(KernelCall& call) {
  const double alpha = static_cast<double>(call.attributes().number("alpha", 1)), beta = static_cast<double>(call.attributes().number("beta", 1));
  const Shape& output = call.outputShape(0);
  if (isInteger(call.input(0).type()) && alpha == 1 && beta == 1) {
    auto result = gemm(call, readBits(call.input(0)), readBits(call.input(1)));
    if (call.hasInput(2)) {
      const auto c = readBits(call.input(2));
      const auto indices = stretchedIndices(call.input(2).shape(), output);
      for (std::size_t i = 0; i < result.size(); ++i) result[i] += c[static_cast<std::size_t>(indices[i])];
    }
    writeBits(call, result);
    return;
  }
  auto result = gemm(call, read(call.input(0)), read(call.input(1)));
  for (auto& value : result) value *= alpha;
  if (call.hasInput(2)) {
    const auto c = readStretched(call.input(2), output);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] += beta * c[i];
  }
  write(call, 0, result);
}

/// A scale or zero point for each element of a matrix: one number, one a row (or column), or one a row of each matrix.
std::vector<double> spread(const Tensor& tensor, const Shape& matrix, bool perRow) {
  Tensor shaped = tensor;
  if (tensor.count() == 1) shaped = tensor.reshaped({});
  else if (tensor.shape().rank() == 1 && matrix.rank() >= 2 && perRow) shaped = tensor.reshaped({tensor.count(), 1});
  return readStretched(shaped, matrix);
}

std::vector<double> centred(const KernelCall& call, std::size_t i, std::size_t zeroPoint, bool perRow) {
  auto values = read(call.input(i));
  if (!call.hasInput(zeroPoint)) return values;
  const auto zero = spread(call.input(zeroPoint), call.input(i).shape(), perRow);
  for (std::size_t at = 0; at < values.size(); ++at) values[at] -= zero[at];
  return values;
}

void runMatMulInteger(KernelCall& call) {
  const MatmulShapes shapes(call.input(0).shape(), call.input(1).shape());
  const auto sums = multiplied(shapes, centred(call, 0, 2, true), centred(call, 1, 3, false), call.context().threads);
  std::vector<std::int64_t> result(sums.begin(), sums.end());
  writeWhole(call, 0, result);
}

void runQLinearMatMul(KernelCall& call) {
  const MatmulShapes shapes(call.input(0).shape(), call.input(3).shape());
  auto a = centred(call, 0, 2, true), b = centred(call, 3, 5, false);
  const auto aScale = spread(call.input(1), call.input(0).shape(), true), bScale = spread(call.input(4), call.input(3).shape(), false);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] *= aScale[i];
  for (std::size_t i = 0; i < b.size(); ++i) b[i] *= bScale[i];
  auto result = multiplied(shapes, a, b, call.context().threads);
  const auto scale = spread(call.input(6), shapes.output, true), zero = spread(call.input(7), shapes.output, true);
  const bool whole = isInteger(call.outputType(0));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double scaled = result[i] / scale[i];
    result[i] = (whole ? std::nearbyint(scaled) : scaled) + zero[i];
  }
  write(call, 0, result);
}

/// Gaussian elimination with row exchanges.
double determinant(std::vector<double> m, std::int64_t n) {
  double result = 1;
  const auto at = [&](std::int64_t r, std::int64_t c) -> double& { return m[static_cast<std::size_t>(r * n + c)]; };
  for (std::int64_t k = 0; k < n; ++k) {
    std::int64_t pivot = k;
    for (std::int64_t r = k + 1; r < n; ++r)
      if (std::fabs(at(r, k)) > std::fabs(at(pivot, k))) pivot = r;
    if (at(pivot, k) == 0) return 0;
    if (pivot != k) {
      for (std::int64_t c = 0; c < n; ++c) std::swap(at(k, c), at(pivot, c));
      result = -result;
    }
    result *= at(k, k);
    for (std::int64_t r = k + 1; r < n; ++r) {
      const double factor = at(r, k) / at(k, k);
      for (std::int64_t c = k; c < n; ++c) at(r, c) -= factor * at(k, c);
    }
  }
  return result;
}

void runDet(KernelCall& call) {
  const auto x = read(call.input(0));
  const std::int64_t n = call.input(0).shape()[-1];
  std::vector<double> result;
  for (std::int64_t i = 0; i < call.outputShape(0).count(); ++i) result.push_back(determinant({x.begin() + i * n * n, x.begin() + (i + 1) * n * n}, n));
  write(call, 0, result);
}

}  // namespace

void matmul(KernelRegistry& registry) {
  addReference(registry, "MatMul", runMatMul);
  addReference(registry, "FusedMatMul", runFusedMatMul, "com.microsoft");
  addReference(registry, "Gemm", runGemm);
  addReference(registry, "MatMulInteger", runMatMulInteger);
  addReference(registry, "QLinearMatMul", runQLinearMatMul);
  addReference(registry, "Det", runDet);
}

}  // namespace planish::cpu_reference
