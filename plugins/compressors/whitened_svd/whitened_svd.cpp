#include "core/base/error.h"
#include "core/compression/element_storage.h"
#include "core/compute/cholesky.h"
#include "core/compute/linear_algebra.h"
#include "core/plugin/plugin_api.h"

#include <cmath>

namespace planish {
namespace {

/// A = S S^T of the inputs (with the ridge) and the singular values of W S: every rank's factors and loss come from them.
struct WhitenedState : CompressorState {
  std::vector<double> root;  ///< S, lower, [columns, columns]
  ThinSvd svd;
};

/// W ~ (U_r Z_r^1/2) (Z_r^1/2 V_r^T S^-1) with W S = U Z V^T: of all products of that rank the one whose output on the calibration data is
/// nearest. Card: whitened_svd (SVD-LLM's form).
class WhitenedSvd : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "whitened-svd",
        "Whitened SVD",
        "Replaces a weight by the product of two thin matrices, the best of their rank for the layer's output on the calibration data.",
        {{"ridge", 1e-3, "share of the mean square of the inputs that is added to each; more trusts the calibration data less", "", 0, 1, {}}}};
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::lowRank; }
  StatisticsNeeds needs() const override { return {.gram = true}; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (layer.kind == "embedding") return "an embedding has no inputs to measure";
    if (layer.groups > 1) return "the groups of a convolution have inputs of their own";
    const std::int64_t most = std::min(layer.rows(), layer.columns());
    if (setting.rank.rank > most)
      return "rank " + std::to_string(setting.rank.rank) + " is more than the " + std::to_string(most) + " that a matrix of " + std::to_string(layer.rows()) + " x " +
             std::to_string(layer.columns()) + " can have";
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override {
    const std::int64_t n = input.weight.shape()[1];
    if (!input.statistics || input.statistics->gram.size() != static_cast<std::size_t>(n * n))
      throw Error(ErrorKind::usage, "compressor 'whitened-svd' needs the Gram matrix of the layer's inputs")
          .at("layer '" + input.layer.name + "'")
          .remedy("give calibration data");
    auto state = std::make_unique<WhitenedState>();
    state->root = rootOf(input, parametersOf(input, declaration()).number("ridge"));
    state->svd = whitened(input.weight, state->root);
    return state;
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues&, Draft& draft) const override {
    const auto& prepared = static_cast<const WhitenedState&>(*state);
    const std::int64_t rank = rankOf(setting.rank, input.layer.rows(), input.layer.columns());
    draft.factors = factors(draft.mask.defined() ? whitened(draft.factors.at(0), prepared.root) : prepared.svd, prepared.root, rank);
  }

 private:
  /// The ridge grows tenfold until the factor exists.
  static std::vector<double> rootOf(const CompressionInput& input, double ridge) {
    const std::int64_t n = input.weight.shape()[1];
    const auto& gram = input.statistics->gram;
    double mean = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += gram[static_cast<std::size_t>(i * n + i)] / static_cast<double>(n);
    if (!(mean > 0)) mean = 1;
    for (double tried = ridge;; tried = tried > 0 ? tried * 10 : 1e-9) {
      std::vector<double> root = gram;
      for (std::int64_t i = 0; i < n; ++i) root[static_cast<std::size_t>(i * n + i)] += tried * mean;
      if (choleskyInPlace(root.data(), n, input.context.threads, input.progress)) {
        for (std::int64_t i = 0; i < n; ++i) std::fill(root.begin() + i * n + i + 1, root.begin() + (i + 1) * n, 0.0);
        return root;
      }
      if (tried > 1) throw Error(ErrorKind::failed, "the inputs' Gram matrix has no Cholesky factor").at("layer '" + input.layer.name + "'");
    }
  }

  static ThinSvd whitened(const Tensor& weight, const std::vector<double>& root) {
    const std::int64_t rows = weight.shape()[0], n = weight.shape()[1];
    const auto w = weight.data<float>();
    Tensor product(DataType::float32, weight.shape());
    auto out = product.writable<float>();
    std::vector<double> row(static_cast<std::size_t>(n));
    for (std::int64_t r = 0; r < rows; ++r) {
      std::fill(row.begin(), row.end(), 0.0);
      for (std::int64_t k = 0; k < n; ++k) {
        const auto value = static_cast<double>(w[static_cast<std::size_t>(r * n + k)]);
        for (std::int64_t j = 0; j <= k; ++j) row[static_cast<std::size_t>(j)] += value * root[static_cast<std::size_t>(k * n + j)];
      }
      for (std::int64_t j = 0; j < n; ++j) out[static_cast<std::size_t>(r * n + j)] = static_cast<float>(row[static_cast<std::size_t>(j)]);
    }
    return thinSvd(product);
  }

  static std::vector<Tensor> factors(const ThinSvd& svd, const std::vector<double>& root, std::int64_t rank) {
    const std::int64_t n = svd.columns;
    Tensor left(DataType::float32, Shape{svd.rows, rank}), right(DataType::float32, Shape{rank, n});
    auto l = left.writable<float>(), r = right.writable<float>();
    std::vector<double> x(static_cast<std::size_t>(n));
    for (std::int64_t k = 0; k < rank; ++k) {
      const double scale = std::sqrt(svd.values[static_cast<std::size_t>(k)]);
      for (std::int64_t row = 0; row < svd.rows; ++row)
        l[static_cast<std::size_t>(row * rank + k)] = static_cast<float>(svd.left[static_cast<std::size_t>(row * svd.rank + k)] * scale);
      for (std::int64_t j = n - 1; j >= 0; --j) {  // x S = v
        double sum = svd.right[static_cast<std::size_t>(k * n + j)] * scale;
        for (std::int64_t i = j + 1; i < n; ++i) sum -= x[static_cast<std::size_t>(i)] * root[static_cast<std::size_t>(i * n + j)];
        x[static_cast<std::size_t>(j)] = sum / root[static_cast<std::size_t>(j * n + j)];
      }
      for (std::int64_t j = 0; j < n; ++j) r[static_cast<std::size_t>(k * n + j)] = static_cast<float>(x[static_cast<std::size_t>(j)]);
    }
    return {left, right};
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::WhitenedSvd>()); }
