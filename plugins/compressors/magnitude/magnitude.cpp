#include "core/compression/element_storage.h"
#include "core/plugin/plugin_api.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace planish {
namespace {

/// Drops the weights of least magnitude. Of equal ones those with the higher index go, so that masks are the same on every
/// machine and the mask of a higher sparsity lies inside that of a lower one. Card: magnitude_gmp (one-shot).
class Magnitude : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "magnitude",
        "Magnitude pruning",
        "Sets the smallest weights to zero: single ones, N of M along the inputs, or the output channels of least energy. Needs no data.",
        {}};
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::sparsify; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (setting.sparsity.kind == Sparsity::Kind::pattern && setting.sparsity.of > layer.columns())
      return "the pattern spans " + std::to_string(setting.sparsity.of) + " inputs, the layer has " + std::to_string(layer.columns());
    return {};
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters,
             Draft& draft) const override {
    const Tensor& weight = draft.factors.at(0);
    draft.mask = Tensor(DataType::boolean, weight.shape());
    draft.channelMask = setting.sparsity.kind == Sparsity::Kind::channels;
    auto stays = draft.mask.writable<bool>();
    const auto values = weight.data<float>();
    const std::int64_t rows = weight.shape()[0], columns = weight.shape()[1];
    switch (setting.sparsity.kind) {
      case Sparsity::Kind::none: std::fill(stays.begin(), stays.end(), true); break;
      case Sparsity::Kind::unstructured: keepLargest(values, static_cast<std::size_t>(keptWeights(setting.sparsity, rows, columns)), stays); break;
      case Sparsity::Kind::pattern: keepPattern(values, setting.sparsity, static_cast<std::size_t>(columns), stays); break;
      case Sparsity::Kind::channels: keepRows(values, setting.sparsity, rows, columns, stays); break;
    }
    Tensor pruned(DataType::float32, weight.shape());
    auto out = pruned.writable<float>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = stays[i] ? values[i] : 0.f;
    draft.factors[0] = pruned;
  }

 private:
  /// Marks the `count` values of largest magnitude, the earlier of equals first.
  template <typename Number>
  static void keepLargest(std::span<const Number> values, std::size_t count, std::span<bool> stays) {
    std::fill(stays.begin(), stays.end(), false);
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    const auto larger = [&](std::size_t a, std::size_t b) {
      const Number x = std::fabs(values[a]), y = std::fabs(values[b]);
      return x != y ? x > y : a < b;
    };
    if (count < order.size()) std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), larger);
    for (std::size_t i = 0; i < count; ++i) stays[order[i]] = true;
  }

  static void keepPattern(std::span<const float> values, const Sparsity& sparsity, std::size_t columns, std::span<bool> stays) {
    const auto of = static_cast<std::size_t>(sparsity.of);
    for (std::size_t row = 0; row < values.size(); row += columns)
      for (std::size_t first = 0; first < columns; first += of) {
        const std::size_t length = std::min(of, columns - first);
        keepLargest(values.subspan(row + first, length), std::min(length, static_cast<std::size_t>(sparsity.keep)), stays.subspan(row + first, length));
      }
  }

  static void keepRows(std::span<const float> values, const Sparsity& sparsity, std::int64_t rows, std::int64_t columns, std::span<bool> stays) {
    std::vector<double> energies(static_cast<std::size_t>(rows));
    const auto width = static_cast<std::size_t>(columns);
    for (std::size_t r = 0; r < energies.size(); ++r)
      for (std::size_t c = 0; c < width; ++c) energies[r] += double(values[r * width + c]) * values[r * width + c];
    const auto rowStays = std::make_unique<bool[]>(energies.size());
    const std::span<bool> kept(rowStays.get(), energies.size());
    keepLargest(std::span<const double>(energies), static_cast<std::size_t>(keptRows(sparsity, rows)), kept);
    for (std::size_t i = 0; i < stays.size(); ++i) stays[i] = kept[i / width];
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::Magnitude>()); }
