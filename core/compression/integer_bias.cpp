#include "core/compression/integer_bias.h"

#include "core/compression/code_plane.h"

#include <cmath>
#include <limits>

namespace planish {
namespace {

const CodePlane* codePlane(const CompressedNetwork& compressed, ValueId weight) {
  const auto found = compressed.weights.find(weight);
  if (found == compressed.weights.end() || found->second.planes.size() != 1) return nullptr;
  return dynamic_cast<const CodePlane*>(found->second.planes[0].get());
}

}  // namespace

bool runsOnIntegers(const Network& network, const Layer& layer, const CompressedNetwork& compressed) {
  const auto format = compressed.activations.find(layer.input);
  const CodePlane* plane = codePlane(compressed, layer.weight);
  if (format == compressed.activations.end() || format->second.bits != 8 || !plane || plane->codeBits() != 8)
    return false;
  const std::string& type = network.operation(layer.operation).type;
  return (plane->group() == 0 || plane->group() == plane->columns()) &&
         (type == "Conv" || type == "Gemm" || type == "MatMul");
}

Tensor IntegerBias::decode() const {
  Tensor result(DataType::float32, Shape{static_cast<std::int64_t>(codes.size())});
  const auto out = result.writable<float>();
  for (std::size_t i = 0; i < codes.size(); ++i)
    out[i] = static_cast<float>(codes[i]) * scales[scales.size() == 1 ? 0 : i];
  return result;
}

BiasFit integerBias(const Network& network, const Layer& layer, const CompressedNetwork& compressed,
                    IntegerBias& bias) {
  if (!runsOnIntegers(network, layer, compressed)) return BiasFit::otherForm;
  if (!layer.bias.valid()) return BiasFit::absent;
  const Attributes& attributes = network.operation(layer.operation).attributes;
  if (attributes.number("alpha", 1) != 1 || attributes.number("beta", 1) != 1) return BiasFit::otherForm;
  const auto edit = compressed.edits.find(layer.bias);
  const Tensor& given = edit == compressed.edits.end() ? network.value(layer.bias).constant : edit->second;
  if (!given.defined() || given.type() != DataType::float32 || given.shape() != Shape{layer.rows()})
    return BiasFit::otherForm;
  IntegerBias made;
  for (const float scale : codePlane(compressed, layer.weight)->scales())
    made.scales.push_back(compressed.activations.at(layer.input).scale * (scale == 0 ? 1 : scale));
  const auto values = toPlain(given).data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double code = std::nearbyint(static_cast<double>(values[i]) /
                                       static_cast<double>(made.scales[made.scales.size() == 1 ? 0 : i]));
    if (!(std::abs(code) <= std::numeric_limits<std::int32_t>::max())) return BiasFit::tooLarge;
    made.codes.push_back(static_cast<std::int32_t>(code));
  }
  bias = std::move(made);
  return BiasFit::integer;
}

}  // namespace planish
