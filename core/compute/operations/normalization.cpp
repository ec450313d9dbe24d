#include "core/compute/operations/argument_checks.h"

#include <cmath>

namespace planish::operations {
namespace {

void expectEpsilon(const InferenceCall& call) {
  const float epsilon = call.attributes().number("epsilon", 1e-5f);
  if (!(epsilon >= 0) || std::isinf(epsilon)) refuse("attribute 'epsilon' of 0 or more", std::to_string(epsilon));
}

void inferBatchNormalization(InferenceCall& call) {
  expectInputCount(call, 5, 5);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 1);
  expectEpsilon(call);
  const Shape& x = call.shape(0);
  const bool training = call.opset() >= 14  ? wholeWithin(call.attributes(), "training_mode", 0, 0, 1) != 0
                        : call.opset() >= 7 ? call.outputCount() > 1
                                            : call.attributes().whole("is_test", 0) == 0;
  if (training && call.opset() < 14)
    throw Error(ErrorKind::unsupported, "expected batch normalization for inference, found its training form of opset " + std::to_string(call.opset()));
  Shape each{x.rank() > 1 ? x[1] : 1};
  if (call.opset() < 9 && call.attributes().whole("spatial", 1) == 0 && x.rank() > 1)
    each = Shape(std::vector<std::int64_t>(x.dims().begin() + 1, x.dims().end()));
  const char* names[] = {"X", "scale", "B", "mean", "var"};
  for (std::size_t i = 1; i < 5; ++i) {
    expectReal(call, i, names[i]);
    expectShape(call, i, names[i], each);
  }
  call.setOutput(0, call.type(0), x);
  call.setOutput(1, call.type(3), each);
  call.setOutput(2, call.type(4), each);
}

/// float32 or bfloat16, as attribute stash_type says.
DataType stashType(const InferenceCall& call) {
  const auto type = static_cast<DataType>(call.attributes().whole("stash_type", 1));
  if (type != DataType::float32 && type != DataType::bfloat16)
    refuse("attribute 'stash_type' 1 or 16", std::to_string(call.attributes().whole("stash_type", 1)));
  return type;
}

void inferLayerNormalization(InferenceCall& call) {
  expectInputCount(call, 2, 3);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 1);
  expectReal(call, 1, "Scale");
  expectSameType(call, 2, "B", 1);
  expectEpsilon(call);
  const Shape& x = call.shape(0);
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), x.rank());
  expectStretches(call, 1, "Scale", x);
  expectStretches(call, 2, "B", x);
  const DataType stash = stashType(call);
  Shape reduced = x;
  for (int i = axis; i < x.rank(); ++i) reduced[i] = 1;
  call.setOutput(0, call.type(0), x);
  call.setOutput(1, stash, reduced);
  call.setOutput(2, stash, reduced);
}

void inferRmsNormalization(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 1);
  expectReal(call, 1, "scale");
  expectEpsilon(call);
  normalizedAxis(call.attributes().whole("axis", -1), call.shape(0).rank());
  expectStretches(call, 1, "scale", call.shape(0));
  stashType(call);
  call.setOutput(0, call.type(1), call.shape(0));
}

void inferGroupNormalization(InferenceCall& call) {
  expectInputCount(call, 3, 3);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 2);
  expectSameType(call, 1, "scale", 0);
  expectSameType(call, 2, "bias", 0);
  expectEpsilon(call);
  const std::int64_t channels = call.shape(0)[1];
  const std::int64_t groups = wholeWithin(call.attributes(), "num_groups", 0, 1, std::numeric_limits<std::int32_t>::max());
  if (channels % groups != 0) refuse("channels that " + std::to_string(groups) + " groups divide", call.shape(0).text());
  const Shape each{call.opset() >= 21 ? channels : groups};
  expectShape(call, 1, "scale", each);
  expectShape(call, 2, "bias", each);
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferInstanceNormalization(InferenceCall& call) {
  expectInputCount(call, 3, 3);
  expectReal(call, 0, "input");
  expectRank(call, 0, "input", 3);
  expectSameType(call, 1, "scale", 0);
  expectSameType(call, 2, "B", 0);
  expectEpsilon(call);
  expectShape(call, 1, "scale", Shape{call.shape(0)[1]});
  expectShape(call, 2, "B", Shape{call.shape(0)[1]});
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferLpNormalization(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectReal(call, 0, "input");
  normalizedAxis(call.attributes().whole("axis", -1), call.shape(0).rank());
  wholeWithin(call.attributes(), "p", 2, 1, 2);
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferMeanVarianceNormalization(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectReal(call, 0, "X");
  for (const std::int64_t axis : call.attributes().wholes("axes", {0, 2, 3})) normalizedAxis(axis, call.shape(0).rank());
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferLrn(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 2);
  wholeWithin(call.attributes(), "size", 0, 1, std::numeric_limits<std::int32_t>::max());
  call.setOutput(0, call.type(0), call.shape(0));
}

}  // namespace

void normalization(OperationRegistry& registry) {
  registry.add({"BatchNormalization", "", inferBatchNormalization});
  registry.add({"LayerNormalization", "", inferLayerNormalization});
  registry.add({"RMSNormalization", "", inferRmsNormalization});
  registry.add({"GroupNormalization", "", inferGroupNormalization});
  registry.add({"InstanceNormalization", "", inferInstanceNormalization});
  registry.add({"LpNormalization", "", inferLpNormalization});
  registry.add({"MeanVarianceNormalization", "", inferMeanVarianceNormalization});
  registry.add({"LRN", "", inferLrn});
}

}  // namespace planish::operations
