#include "core/compute/operations/packed_weight.h"
#include "core/compute/cpu/reference/multiply.h"
#include "core/compute/cpu/reference/numbers.h"

namespace planish::cpu_reference {
namespace {

/// The weight as numbers, transposed to [K, N]: (code - zero point) * scale, with a zero point of 2^(bits - 1) where none is given.
std::vector<double> unpacked(const KernelCall& call, const operations::PackedWeight& weight) {
  const auto codes = call.input(1).data<std::uint8_t>();
  const auto scales = read(call.input(2));
  const bool packedZeros = call.hasInput(3) && call.input(3).type() == DataType::uint8;
  const auto zeroBytes = packedZeros ? call.input(3).data<std::uint8_t>() : std::span<const std::uint8_t>();
  const auto zeros = call.hasInput(3) && !packedZeros ? read(call.input(3)) : std::vector<double>();
  const auto groups = call.hasInput(4) ? readWithin(call.input(4), 0, weight.blocks - 1, "groups") : std::vector<std::int64_t>();
  std::vector<double> result(static_cast<std::size_t>(weight.rows * weight.columns));
  for (std::int64_t n = 0; n < weight.rows; ++n)
    for (std::int64_t k = 0; k < weight.columns; ++k) {
      const std::int64_t block = k / weight.block, group = groups.empty() ? block : groups[static_cast<std::size_t>(k)];
      const std::int64_t slot = n * weight.blocks + group;
      const int code = operations::packedCode(codes.data() + (n * weight.blocks + block) * weight.bytesPerBlock, k % weight.block, weight.bits);
      double zero = static_cast<double>(1 << (weight.bits - 1));
      if (packedZeros) zero = operations::packedCode(zeroBytes.data() + n * weight.zeroBytesPerRow, group, weight.bits);
      else if (!zeros.empty()) zero = zeros[static_cast<std::size_t>(slot)];
      result[static_cast<std::size_t>(k * weight.rows + n)] = (code - zero) * scales[static_cast<std::size_t>(slot)];
    }
  return result;
}

void runMatMulNBits(KernelCall& call) {
  const operations::PackedWeight weight(call.attributes());
  const auto a = read(call.input(0)), b = unpacked(call, weight);
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()));
  const std::int64_t rows = call.input(0).count() / weight.columns;
  if (call.hasInput(5)) {
    const auto bias = read(call.input(5));
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = bias[i % bias.size()];
  }
  multiplyInto(a.data(), b.data(), result.data(), rows, weight.columns, weight.rows, call.context().threads);
  write(call, 0, result);
}

}  // namespace

void matmul_nbits(KernelRegistry& registry) { addReference(registry, "MatMulNBits", runMatMulNBits, "com.microsoft"); }

}  // namespace planish::cpu_reference
