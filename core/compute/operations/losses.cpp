#include "core/compute/operations/argument_checks.h"

namespace planish::operations {
namespace {

/// scores [N, C, d...], labels [N, d...] with classes or ignore_index, weights [C].
Shape loss(const InferenceCall& call) {
  expectInputCount(call, 2, 3);
  expectReal(call, 0, "scores");
  expectOneOf(call, 1, "labels", {DataType::int32, DataType::int64});
  expectSameType(call, 2, "weights", 0);
  expectRank(call, 0, "scores", 2);
  const Shape& scores = call.shape(0);
  if (scores[1] < 1) refuse("one class or more", scores.text());
  std::vector<std::int64_t> dims = scores.dims();
  dims.erase(dims.begin() + 1);
  const Shape labels(std::move(dims));
  expectShape(call, 1, "labels", labels);
  expectShape(call, 2, "weights", Shape{scores[1]});
  if (const Tensor* known = knownValue(call, 1)) {
    const bool ignores = call.attributes().has("ignore_index");
    const std::int64_t ignored = call.attributes().whole("ignore_index", -1);
    for (const std::int64_t label : toIntegers(*known))
      if ((label < 0 || label >= scores[1]) && !(ignores && label == ignored))
        refuse("labels from 0 to " + std::to_string(scores[1] - 1), std::to_string(label));
  }
  return wordOf(call.attributes(), "reduction", "mean", {"none", "sum", "mean"}) == "none" ? labels : Shape{};
}

void inferNegativeLogLikelihoodLoss(InferenceCall& call) {
  Shape shape = loss(call);
  call.setOutput(0, call.type(0), std::move(shape));
}

void inferSoftmaxCrossEntropyLoss(InferenceCall& call) {
  inferNegativeLogLikelihoodLoss(call);
  call.setOutput(1, call.type(0), call.shape(0));
}

}  // namespace

void losses(OperationRegistry& registry) {
  registry.add({"NegativeLogLikelihoodLoss", "", inferNegativeLogLikelihoodLoss});
  registry.add({"SoftmaxCrossEntropyLoss", "", inferSoftmaxCrossEntropyLoss});
}

}  // namespace planish::operations
