#include "core/compression/element_storage.h"

#include "core/base/error.h"
#include "core/tensor/float_types.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// floor(percent / 100 * count), safe against 29 % of 100 being 28.999...
std::int64_t share(double percent, std::int64_t count) {
  return static_cast<std::int64_t>(std::floor(percent * static_cast<double>(count) / 100 + 1e-9));
}

int bitsToCount(int values) {
  int bits = 0;
  while ((1 << bits) < values) ++bits;
  return bits;
}

}  // namespace

std::int64_t keptWeights(const Sparsity& sparsity, std::int64_t rows, std::int64_t columns) {
  switch (sparsity.kind) {
    case Sparsity::Kind::none: return rows * columns;
    case Sparsity::Kind::unstructured: return rows * columns - share(sparsity.percent, rows * columns);
    case Sparsity::Kind::pattern: return rows * (columns / sparsity.of * sparsity.keep + std::min<std::int64_t>(sparsity.keep, columns % sparsity.of));
    case Sparsity::Kind::channels: return keptRows(sparsity, rows) * columns;
  }
  return 0;
}

std::int64_t keptRows(const Sparsity& sparsity, std::int64_t rows) {
  return sparsity.kind == Sparsity::Kind::channels ? rows - share(sparsity.percent, rows) : rows;
}

std::int64_t scaleCount(std::int64_t rows, std::int64_t columns, std::int64_t group) {
  return group == 0 ? 1 : rows * ((columns + group - 1) / group);
}

std::int64_t groupOf(const Setting& setting, std::int64_t columns) {
  switch (setting.granularity) {
    case Granularity::perTensor: return 0;
    case Granularity::perChannel: return columns;
    case Granularity::perGroup: return std::min<std::int64_t>(setting.group, columns);
  }
  return columns;
}

std::int64_t rankOf(const Rank& rank, std::int64_t rows, std::int64_t columns) {
  return rank.rank > 0 ? rank.rank : std::max<std::int64_t>(1, share(rank.percent, std::min(rows, columns)));
}

ElementCost elementCost(const Setting& setting, std::int64_t columns, const StorageRules& storage) {
  ElementCost cost;
  cost.elementBits = static_cast<int>(setting.bitsPerCode());
  if (storage.wholeBytes) cost.elementBits = (cost.elementBits + 7) / 8 * 8;
  if (cost.elementBits <= 8) {
    cost.scaleBits = storage.scaleBits;
    if (setting.format == NumberFormat::unsignedInteger && storage.zeroPoints) cost.scaleBits += cost.elementBits;
    cost.group = groupOf(setting, columns);
  }
  return cost;
}

std::int64_t maskBits(const Sparsity& sparsity, std::int64_t rows, std::int64_t columns) {
  switch (sparsity.kind) {
    case Sparsity::Kind::none: return 0;
    case Sparsity::Kind::unstructured: return rows * columns;
    case Sparsity::Kind::pattern: {
      const std::int64_t group = std::min(sparsity.of, sparsity.keep * bitsToCount(sparsity.of));
      const std::int64_t tail = columns % sparsity.of;
      return rows * (columns / sparsity.of * group + (tail > sparsity.keep ? tail : 0));
    }
    case Sparsity::Kind::channels: return rows;
  }
  return 0;
}

Bits matrixBits(const ElementCost& cost, std::int64_t rows, std::int64_t columns, const Sparsity& sparsity, std::int64_t kept, std::int64_t rowsKept,
                const StorageRules& storage) {
  const auto scales = [&](std::int64_t rowCount) { return cost.scaleBits == 0 ? 0 : scaleCount(rowCount, columns, cost.group) * cost.scaleBits; };
  const std::int64_t everything = rows * columns * cost.elementBits + scales(rows);
  if (!storage.leaveOutPruned || sparsity.kind == Sparsity::Kind::none) return {everything};
  const std::int64_t scaleRows = sparsity.kind == Sparsity::Kind::channels ? rowsKept : rows;
  return {std::min(everything, kept * cost.elementBits + scales(scaleRows) + maskBits(sparsity, rows, columns))};
}

std::int64_t keptWeights(const Tensor& mask, std::int64_t rows, std::int64_t columns) {
  if (!mask.defined()) return rows * columns;
  const auto stays = mask.data<bool>();
  return std::count(stays.begin(), stays.end(), true);
}

std::int64_t keptRows(const Tensor& mask, std::int64_t rows, std::int64_t columns) {
  if (!mask.defined()) return rows;
  const auto stays = mask.data<bool>();
  std::int64_t kept = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto row = stays.subspan(static_cast<std::size_t>(r * columns), static_cast<std::size_t>(columns));
    kept += std::find(row.begin(), row.end(), true) != row.end();
  }
  return kept;
}

float storedScale(float scale, int scaleBits) {
  if (!std::isfinite(scale)) throw Error(ErrorKind::unsupported, "a scale is not finite");
  if (scaleBits != 16) return std::max(scale, std::numeric_limits<float>::min());
  const float rounded = halfToFloat(floatToHalf(scale));
  if (!std::isfinite(rounded))
    throw Error(ErrorKind::unsupported, "a scale of " + std::to_string(scale) + " does not fit fp16 (at most 65504)").remedy("use a target with 32-bit scales");
  return rounded > 0 ? rounded : 0x1p-24f;
}

}  // namespace planish
