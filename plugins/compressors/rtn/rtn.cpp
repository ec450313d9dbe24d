#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/layer_scales.h"
#include "core/plugin/plugin_api.h"
#include "core/tensor/float_types.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// Of one layer: what scales by the output's error are judged with.
struct RtnState : CompressorState {
  RtnState(const InputStatistics& statistics, std::int64_t columns) : moments(statistics, columns) {}
  GroupMoments moments;
};

/// Rounds every weight to the nearest level of a grid whose scale is searched by error. Card: rtn.
class Rtn : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "rtn",
        "Round to nearest",
        "Rounds each weight to the nearest level of its format; scales are chosen by the error that rounding and clipping leave: of the layer's output where "
        "calibration data are given, else of the weights.",
        scaleParameters()};
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::quantize; }

  /// Gram matrices up to a width whose memory is bearable for all layers together; beyond, their diagonals.
  StatisticsNeeds wants(const Layer& layer) const override {
    StatisticsNeeds wanted;
    if (layer.kind == "embedding") return wanted;
    wanted.gram = layer.columns() <= kWidestOutputError;
    wanted.inputSquares = true;
    return wanted;
  }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (setting.format == NumberFormat::gguf) return "GGUF block types need a compressor that knows their layout";
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override {
    if (!input.statistics || input.statistics->gram.empty() || !wants(input.layer).gram) return nullptr;
    return std::make_unique<RtnState>(*input.statistics, input.layer.columns());
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters,
             Draft& draft) const override {
    draft.planes.clear();
    for (std::size_t i = 0; i < draft.factors.size(); ++i) draft.planes.push_back(plane(input, static_cast<const RtnState*>(state), setting, parameters, draft, i));
  }

 private:
  static std::shared_ptr<const Plane> plane(const CompressionInput& input, const RtnState* state, const Setting& setting, const ParameterValues& parameters,
                                            const Draft& draft, std::size_t factor) {
    const Tensor& matrix = draft.factors[factor];
    DensePlane::Parts parts;
    parts.format = setting.format;
    parts.mask = factorMask(draft, factor, setting, parts.sparsity);
    parts.storage = input.storage;
    if (setting.format == NumberFormat::fp16 || setting.format == NumberFormat::bf16) {
      parts.elements = toSixteenBits(input, matrix, setting.format);
      return std::make_shared<DensePlane>(std::move(parts));
    }
    parts.group = groupOf(setting, matrix.shape()[1]);
    const auto scales = findLayerScales(input, matrix, scaleRule(input, setting, parameters), parts.group, parameters.word("error"),
                                        state ? &state->moments : nullptr, draft.factors.size() == 1);
    if (setting.format == NumberFormat::integer || setting.format == NumberFormat::unsignedInteger)
      return integerPlane(setting, matrix, scales, std::move(parts));
    return smallFloatPlane(matrix, scales, std::move(parts));
  }

  /// N02: a weight beyond the range of fp16 is an error, not an infinity.
  static Tensor toSixteenBits(const CompressionInput& input, const Tensor& matrix, NumberFormat format) {
    Tensor result = cast(matrix, elementType(format));
    const Tensor back = toFloat(result);
    const auto values = back.data<float>();
    const auto columns = static_cast<std::size_t>(matrix.shape()[1]);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        throw Error(ErrorKind::unsupported, "weight " + std::to_string(matrix.data<float>()[i]) + " in row " + std::to_string(i / columns) + ", column " +
                                                std::to_string(i % columns) + " does not fit 16-bit floats")
            .at("layer '" + input.layer.name + "'");
    return result;
  }

  static std::shared_ptr<const Plane> integerPlane(const Setting& setting, const Tensor& matrix, const std::vector<GroupScale>& scales,
                                                   DensePlane::Parts shared) {
    CodePlane::Parts parts;
    parts.format = setting.format;
    parts.bits = setting.bits;
    parts.rows = matrix.shape()[0];
    parts.columns = matrix.shape()[1];
    parts.group = shared.group;
    parts.mask = shared.mask;
    parts.sparsity = shared.sparsity;
    parts.storage = shared.storage;
    const bool isUnsigned = setting.format == NumberFormat::unsignedInteger;
    for (const auto& found : scales) {
      parts.scales.push_back(found.scale);
      if (isUnsigned) parts.zeroPoints.push_back(static_cast<std::int16_t>(found.zeroPoint));
    }
    const float least = isUnsigned ? 0 : static_cast<float>(-(1 << (setting.bits - 1)));
    const float most = least + static_cast<float>((1 << setting.bits) - 1);
    parts.codes.resize(static_cast<std::size_t>(parts.rows * parts.columns));
    forEachWeight(matrix, shared.group, [&](std::size_t at, std::size_t scale, float value) {
      const float code = std::nearbyint(value / scales[scale].scale) + static_cast<float>(scales[scale].zeroPoint);
      parts.codes[at] = static_cast<std::int16_t>(std::clamp(code, least, most));
    });
    return std::make_shared<CodePlane>(std::move(parts));
  }

  static std::shared_ptr<const Plane> smallFloatPlane(const Tensor& matrix, const std::vector<GroupScale>& scales, DensePlane::Parts parts) {
    for (const auto& found : scales) parts.scales.push_back(found.scale);
    const DataType type = elementType(parts.format);
    parts.elements = Tensor(type, matrix.shape());
    auto bytes = parts.elements.writableBytes();
    std::fill(bytes.begin(), bytes.end(), std::byte(0));
    forEachWeight(matrix, parts.group, [&](std::size_t at, std::size_t scale, float value) {
      const float scaled = value / scales[scale].scale;
      const std::uint8_t code = parts.format == NumberFormat::nf4 ? nearestNf4(scaled) : floatToSmallFloat(type, scaled);
      if (bitsOf(type) == 8) bytes[at] = std::byte(code);
      else bytes[at / 2] |= std::byte(at % 2 ? code << 4 : code);
    });
    return std::make_shared<DensePlane>(std::move(parts));
  }

  /// The lower level at a tie.
  static std::uint8_t nearestNf4(float value) {
    const auto& table = nf4Table();
    std::uint8_t code = 0;
    while (code < 15 && value > (table[code] + table[code + 1]) / 2) ++code;
    return code;
  }

  template <typename Visit>
  static void forEachWeight(const Tensor& matrix, std::int64_t group, const Visit& visit) {
    const auto values = matrix.data<float>();
    const auto rows = static_cast<std::size_t>(matrix.shape()[0]), columns = static_cast<std::size_t>(matrix.shape()[1]);
    const std::size_t width = group == 0 ? columns : static_cast<std::size_t>(group), perRow = (columns + width - 1) / width;
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t g = 0; g < perRow; ++g)
        for (std::size_t c = g * width; c < std::min(columns, (g + 1) * width); ++c)
          visit(row * columns + c, group == 0 ? 0 : row * perRow + g, values[row * columns + c]);
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::Rtn>()); }
