#include "core/compute/cpu/reference/numbers.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

/// Weighted -log p of each label; the mean divides by the sum of the weights. Ignored labels weigh nothing.
void writeLoss(KernelCall& call, const std::vector<double>& logarithms) {
  const Shape& shape = call.input(0).shape();
  const std::int64_t classes = shape[1], plane = shape.count(2, shape.rank());
  const auto labels = readWhole(call.input(1));
  const auto weights = call.hasInput(2) ? read(call.input(2)) : std::vector<double>(static_cast<std::size_t>(classes), 1);
  const bool ignores = call.attributes().has("ignore_index");
  const std::int64_t ignored = call.attributes().whole("ignore_index", -1);
  std::vector<double> result(labels.size());
  double sum = 0, weightSum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (ignores && labels[i] == ignored) continue;
    if (labels[i] < 0 || labels[i] >= classes)
      throw Error(ErrorKind::invalidInput, "expected labels from 0 to " + std::to_string(classes - 1) + ", found " + std::to_string(labels[i]));
    const std::int64_t n = static_cast<std::int64_t>(i) / plane, d = static_cast<std::int64_t>(i) % plane;
    const double weight = weights[static_cast<std::size_t>(labels[i])];
    result[i] = -weight * logarithms[static_cast<std::size_t>((n * classes + labels[i]) * plane + d)];
    sum += result[i], weightSum += weight;
  }
  const std::string reduction = call.attributes().word("reduction", "mean");
  if (reduction == "none") write(call, 0, result);
  else write(call, 0, std::vector<double>{reduction == "sum" ? sum : sum / weightSum});
}

void runNegativeLogLikelihoodLoss(KernelCall& call) { writeLoss(call, read(call.input(0))); }

void runSoftmaxCrossEntropyLoss(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const std::int64_t classes = shape[1], plane = shape.count(2, shape.rank());
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (std::int64_t d = 0; d < plane; ++d) {
      const auto at = [&](std::int64_t c) -> double& { return x[static_cast<std::size_t>((n * classes + c) * plane + d)]; };
      double top = at(0), sum = 0;
      for (std::int64_t c = 1; c < classes; ++c) top = std::max(top, at(c));
      for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(at(c) - top);
      for (std::int64_t c = 0; c < classes; ++c) at(c) -= top + std::log(sum);
    }
  writeLoss(call, x);
  if (call.hasOutput(1)) write(call, 1, x);
}

}  // namespace

void losses(KernelRegistry& registry) {
  addReference(registry, "NegativeLogLikelihoodLoss", runNegativeLogLikelihoodLoss);
  addReference(registry, "SoftmaxCrossEntropyLoss", runSoftmaxCrossEntropyLoss);
}

}  // namespace planish::cpu_reference
