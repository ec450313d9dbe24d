#include "core/compression/row_scaling.h"

#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"

namespace planish {
namespace {

std::vector<float> scaledScales(const std::vector<float>& scales, std::int64_t perRow, std::span<const double> factors, int scaleBits,
                                std::vector<double>& achieved) {
  std::vector<float> result(scales.size());
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const std::size_t row = i / static_cast<std::size_t>(perRow);
    result[i] = storedScale(static_cast<float>(scales[i] * factors[row]), scaleBits);
    if (i % static_cast<std::size_t>(perRow) == 0) achieved[row] = double(result[i]) / scales[i];
  }
  return result;
}

std::shared_ptr<const Plane> scaled(const Plane& plane, std::span<const double> factors, std::vector<double>& achieved) {
  if (const auto* codes = dynamic_cast<const CodePlane*>(&plane)) {
    if (codes->group() == 0) return nullptr;
    CodePlane::Parts parts = codes->parts();
    parts.scales = scaledScales(parts.scales, codes->groupsPerRow(), factors, parts.storage.scaleBits, achieved);
    return std::make_shared<CodePlane>(std::move(parts));
  }
  if (const auto* dense = dynamic_cast<const DensePlane*>(&plane)) {
    DensePlane::Parts parts = dense->parts();
    if (!parts.scales.empty()) {
      if (dense->group() == 0) return nullptr;
      parts.scales = scaledScales(parts.scales, dense->groupsPerRow(), factors, parts.storage.scaleBits, achieved);
      return std::make_shared<DensePlane>(std::move(parts));
    }
    const Tensor values = toFloat(parts.elements);
    Tensor result(DataType::float32, values.shape());
    const auto in = values.data<float>();
    auto out = result.writable<float>();
    const auto columns = static_cast<std::size_t>(dense->columns());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(in[i] * factors[i / columns]);
    parts.elements = cast(result, parts.elements.type());
    achieved.assign(factors.begin(), factors.end());
    return std::make_shared<DensePlane>(std::move(parts));
  }
  if (const auto* product = dynamic_cast<const LowRankPlane*>(&plane)) {
    auto left = scaled(product->left(), factors, achieved);
    return left ? product->withLeft(std::move(left)) : nullptr;
  }
  return nullptr;
}

}  // namespace

std::optional<CompressedTensor> withScaledRows(const CompressedTensor& tensor, std::span<const double> factors, std::vector<double>& achieved) {
  if (tensor.planes.size() != 1 || static_cast<std::int64_t>(factors.size()) != tensor.rows) return std::nullopt;
  achieved.assign(factors.size(), 1.0);
  auto plane = scaled(*tensor.planes[0], factors, achieved);
  if (!plane) return std::nullopt;
  CompressedTensor result = tensor;
  result.planes = {std::move(plane)};
  return result;
}

}  // namespace planish
