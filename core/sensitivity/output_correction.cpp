#include "core/sensitivity/output_correction.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// A channel that (nearly) never varies is left alone: the ratio would be noise.
double deviationRatio(const ChannelMoments& from, const ChannelMoments& to, std::size_t channel) {
  const double a = from.variance(channel), b = to.variance(channel);
  const double floor = 1e-10 * (1e-10 + to.mean(channel) * to.mean(channel));
  if (!(a > floor) || !(b > floor)) return 1;
  return std::sqrt(b / a);
}

}  // namespace

OutputCorrection::OutputCorrection(const Network& network, const Layer& layer, KeptMoments kept) : m_network(&network), m_layer(&layer), m_kept(kept) {
  if (kept == KeptMoments::none) return;
  const Connections connections(network);
  const auto& readers = connections.consumers[static_cast<std::size_t>(layer.output.index)];
  if (readers.size() == 1) {
    const auto& reader = network.operation(readers[0]);
    const auto constant = [&](std::size_t i) { return reader.input(i).valid() && network.value(reader.input(i)).isConstant(); };
    if (reader.type == "BatchNormalization" && reader.domain.empty() && reader.input(0) == layer.output && reader.outputs.size() == 1 &&
        reader.attributes.whole("training_mode", 0) == 0 && constant(3) && constant(4))
      m_normalization = readers[0];
  }
  const auto& own = network.operation(layer.operation);
  const bool plainBias = own.type != "Gemm" || (own.attributes.number("beta", 1) == 1 && own.attributes.number("alpha", 1) == 1);
  const bool ownBias = plainBias && layer.bias.valid() && network.value(layer.bias).isConstant() && network.value(layer.bias).constant.count() == layer.rows();
  m_possible = m_normalization.valid() || ownBias;
}

void OutputCorrection::apply(WeightOverlay& overlay, const ChannelMoments& original, const ChannelMoments& candidate) const {
  if (!m_possible) return;
  if (m_normalization.valid()) correctNormalization(overlay, original, candidate);
  else correctLayer(overlay, original, candidate);
}

void OutputCorrection::correctNormalization(WeightOverlay& overlay, const ChannelMoments& original, const ChannelMoments& candidate) const {
  const auto& operation = m_network->operation(m_normalization);
  const auto& meanValue = m_network->value(operation.input(3)).constant;
  const auto& varianceValue = m_network->value(operation.input(4)).constant;
  const Tensor meanBefore = toFloat(meanValue), varianceBefore = toFloat(varianceValue);
  const double epsilon = operation.attributes.number("epsilon", 1e-5f);
  Tensor mean(DataType::float32, meanBefore.shape()), variance(DataType::float32, varianceBefore.shape());
  const auto oldMean = meanBefore.data<float>(), oldVariance = varianceBefore.data<float>();
  const auto newMean = mean.writable<float>(), newVariance = variance.writable<float>();
  for (std::size_t c = 0; c < newMean.size(); ++c) {
    // y = (x - mean) / deviation must map the candidate's moments to where it mapped the original's: with the ratio r of the
    // deviations, mean' = m_c + r (mean - m_o) and variance' + epsilon = r^2 (variance + epsilon).
    const double ratio = m_kept == KeptMoments::meanAndVariance ? deviationRatio(original, candidate, c) : 1;
    newMean[c] = static_cast<float>(candidate.mean(c) + ratio * (oldMean[c] - original.mean(c)));
    newVariance[c] = static_cast<float>(std::max(0.0, ratio * ratio * (oldVariance[c] + epsilon) - epsilon));
  }
  overlay[operation.input(3)] = cast(mean, meanValue.type());
  if (m_kept == KeptMoments::meanAndVariance) overlay[operation.input(4)] = cast(variance, varianceValue.type());
}

void OutputCorrection::correctLayer(WeightOverlay& overlay, const ChannelMoments& original, const ChannelMoments& candidate) const {
  const Tensor& biasValue = m_network->value(m_layer->bias).constant;
  const Tensor biasBefore = toFloat(biasValue);
  Tensor bias(DataType::float32, biasBefore.shape());
  const auto oldBias = biasBefore.data<float>();
  const auto newBias = bias.writable<float>();
  std::vector<double> ratios(newBias.size(), 1);
  for (std::size_t c = 0; c < newBias.size(); ++c) {
    // w' = r w, and the bias takes the mean m_c = r (m_c - b) + b' back to m_o.
    if (m_kept == KeptMoments::meanAndVariance) ratios[c] = deviationRatio(candidate, original, c);
    newBias[c] = static_cast<float>(original.mean(c) - ratios[c] * (candidate.mean(c) - oldBias[c]));
  }
  overlay[m_layer->bias] = cast(bias, biasValue.type());
  const auto weight = overlay.find(m_layer->weight);
  if (m_kept != KeptMoments::meanAndVariance || weight == overlay.end()) return;
  const Tensor matrix = toMatrix(*m_layer, weight->second);
  Tensor scaled(DataType::float32, matrix.shape());
  const auto from = matrix.data<float>();
  const auto to = scaled.writable<float>();
  const auto columns = static_cast<std::size_t>(m_layer->columns());
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(from[i] * ratios[i / columns]);
  weight->second = cast(fromMatrix(*m_layer, scaled), weight->second.type());
}

}  // namespace planish
