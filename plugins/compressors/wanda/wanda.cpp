#include "core/base/error.h"
#include "core/compression/element_storage.h"
#include "core/plugin/plugin_api.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace planish {
namespace {

/// Drops the weights with the least |w| * sqrt(mean square of its input), row by row; of equal ones those with the higher index go. The
/// rest stays as it is. Card: wanda.
class Wanda : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "wanda",
        "Wanda",
        "Sets to zero the weights, single ones or N of M along the inputs, whose magnitude times the size of their input is least. Needs calibration data.",
        {{"compare", std::string("row"), "what single weights are compared in: row, the inputs of one output, or layer, all of them", "", {}, {}, {"row", "layer"}}}};
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::sparsify; }
  StatisticsNeeds needs() const override { return {.inputSquares = true}; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (layer.kind == "embedding") return "an embedding has no inputs to measure";
    if (setting.sparsity.kind == Sparsity::Kind::channels) return "it does not remove output channels";
    if (setting.sparsity.kind == Sparsity::Kind::pattern && setting.sparsity.of > layer.columns())
      return "the pattern spans " + std::to_string(setting.sparsity.of) + " inputs, the layer has " + std::to_string(layer.columns());
    return {};
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters,
             Draft& draft) const override {
    const Tensor& weight = draft.factors.at(0);
    const std::int64_t rows = weight.shape()[0], columns = weight.shape()[1];
    const auto scores = scoresOf(input, weight);
    draft.mask = Tensor(DataType::boolean, weight.shape());
    draft.channelMask = false;
    auto stays = draft.mask.writable<bool>();
    std::fill(stays.begin(), stays.end(), true);
    const auto width = static_cast<std::size_t>(columns);
    if (setting.sparsity.kind == Sparsity::Kind::pattern) {
      const auto of = static_cast<std::size_t>(setting.sparsity.of), keep = static_cast<std::size_t>(setting.sparsity.keep);
      for (std::size_t row = 0; row < scores.size(); row += width)
        for (std::size_t first = 0; first < width; first += of) {
          const std::size_t length = std::min(of, width - first);
          dropLeast(std::span(scores).subspan(row + first, length), length - std::min(length, keep), stays.subspan(row + first, length));
        }
    } else if (parameters.word("compare") == "layer") {
      dropLeast(scores, static_cast<std::size_t>(rows * columns - keptWeights(setting.sparsity, rows, columns)), stays);
    } else {
      // Each row drops its share; what does not divide evenly is spread so that the layer drops exactly what its setting says.
      const auto dropped = [&](std::int64_t count) { return count * columns - keptWeights(setting.sparsity, count, columns); };
      for (std::int64_t row = 0; row < rows; ++row) {
        const auto at = static_cast<std::size_t>(row) * width;
        dropLeast(std::span(scores).subspan(at, width), static_cast<std::size_t>(dropped(row + 1) - dropped(row)), stays.subspan(at, width));
      }
    }
    Tensor pruned(DataType::float32, weight.shape());
    auto out = pruned.writable<float>();
    const auto values = weight.data<float>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = stays[i] ? values[i] : 0.f;
    draft.factors[0] = pruned;
  }

 private:
  static std::vector<double> scoresOf(const CompressionInput& input, const Tensor& weight) {
    const auto rows = static_cast<std::size_t>(weight.shape()[0]), columns = static_cast<std::size_t>(weight.shape()[1]);
    const auto groups = static_cast<std::size_t>(input.layer.groups);
    if (!input.statistics || input.statistics->meanSquare.size() != groups * columns)
      throw Error(ErrorKind::usage, "compressor 'wanda' needs the mean squares of the layer's inputs").at("layer '" + input.layer.name + "'").remedy("give calibration data");
    const auto values = weight.data<float>();
    std::vector<double> scores(rows * columns);
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t c = 0; c < columns; ++c)
        scores[row * columns + c] = std::fabs(static_cast<double>(values[row * columns + c])) * std::sqrt(input.statistics->meanSquare[row / (rows / groups) * columns + c]);
    return scores;
  }

  static void dropLeast(std::span<const double> scores, std::size_t count, std::span<bool> stays) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    const auto first = [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] < scores[b] : a > b; };
    if (count < order.size()) std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), first);
    for (std::size_t i = 0; i < count; ++i) stays[order[i]] = false;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::Wanda>()); }
