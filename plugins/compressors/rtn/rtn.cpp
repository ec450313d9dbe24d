#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/group_moments.h"
#include "core/compression/scale_search.h"
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
        {{"clip-search", true, "search for the range with the least error; off: the range that clips nothing", "", {}, {}, {}},
         {"grid", std::int64_t(100), "steps that the whole range is divided into by the search, which ends at a fifth of it", "steps", 2, 10000, {}},
         {"norm", 2.0, "power of the error that is minimised", "", 0.5, 10, {}},
         {"refinements", std::int64_t(5), "closed-form corrections of the scale behind the search (norm 2)", "steps", 0, 100, {}},
         {"error", std::string("output"), "which error the search makes small where there are calibration data: the output's, the weights' each times the mean square of "
          "its input, or the weights' as without data; norms other than 2 and scales of several rows never see the output's", "", {}, {}, {"output", "inputs", "weights"}}}};
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
    if (!input.statistics || input.statistics->gram.empty()) return nullptr;
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
    const auto scales = findScales(input, state, setting, parameters, matrix, parts.group, draft.factors.size() == 1);
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

  static std::vector<GroupScale> findScales(const CompressionInput& input, const RtnState* state, const Setting& setting, const ParameterValues& parameters,
                                            const Tensor& matrix, std::int64_t group, bool isWeight) {
    ScaleRule rule;
    rule.format = setting.format;
    rule.bits = setting.bits;
    rule.scaleBits = input.storage.scaleBits;
    rule.clipSearch = parameters.flag("clip-search");
    rule.grid = static_cast<int>(parameters.whole("grid"));
    rule.norm = parameters.number("norm");
    rule.refinements = static_cast<int>(parameters.whole("refinements"));
    const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
    const auto values = matrix.data<float>();
    const std::string& error = parameters.word("error");
    const bool byOutput = isWeight && state && error == "output" && group != 0 && rule.norm == 2;
    if (byOutput) state->moments.prepare(group);
    const auto importance = isWeight && !byOutput && error != "weights" ? inputImportance(input) : std::vector<float>{};
    const std::int64_t width = group == 0 ? rows * columns : group;
    const std::int64_t perRow = group == 0 ? 1 : (columns + group - 1) / group;
    std::vector<GroupScale> scales(static_cast<std::size_t>(scaleCount(rows, columns, group)));
    parallelFor(input.context.threads, static_cast<std::int64_t>(scales.size()), 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = group == 0 ? 0 : i / perRow;
        const std::int64_t first = group == 0 ? 0 : i % perRow * group;
        const auto count = static_cast<std::size_t>(group == 0 ? width : std::min(width, columns - first));
        const auto at = static_cast<std::size_t>(row * columns + first);
        const auto weights = importance.empty() ? std::span<const float>() : std::span(importance).subspan(at, count);
        try {
          scales[static_cast<std::size_t>(i)] = byOutput ? findScale(rule, values.subspan(at, count), state->moments.of(row * state->moments.convolutionGroups() / rows, first))
                                                         : findScale(rule, values.subspan(at, count), weights);
        } catch (const Error& error) {
          throw Error(error.kind(), error.message()).at("layer '" + input.layer.name + "', row " + std::to_string(row)).remedy(error.remedyText());
        }
      }
    });
    return scales;
  }

  /// Mean squares of the inputs, one a weight [rows * columns]: rows of one convolution group share theirs. Empty where none were measured.
  static std::vector<float> inputImportance(const CompressionInput& input) {
    if (!input.statistics || input.statistics->meanSquare.empty()) return {};
    const auto& squares = input.statistics->meanSquare;
    const auto rows = static_cast<std::size_t>(input.layer.rows()), columns = static_cast<std::size_t>(input.layer.columns());
    const std::size_t groups = squares.size() / columns;
    std::vector<float> importance;
    importance.reserve(rows * columns);
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t c = 0; c < columns; ++c) importance.push_back(static_cast<float>(squares[row * groups / rows * columns + c]));
    return importance;
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
