#include "core/compute/operations/reduce.h"

namespace planish::operations {
namespace {

void inferReduce(InferenceCall& call) {
  const bool extrema = call.operation().type == "ReduceMax" || call.operation().type == "ReduceMin";
  expectInputs(call, 1, 2);
  expectType(call, 0, isNumeric(call.type(0)) || (extrema && call.type(0) == DataType::boolean), "number");
  const Shape& shape = call.shape(0);
  const auto reduced = reducedAxes(call.operation(), call.opset(), shape.rank(), optionalValue(call, 1));
  const bool keep = call.attributes().whole("keepdims", 1) != 0;
  std::vector<std::int64_t> dims;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!reduced[static_cast<std::size_t>(i)]) dims.push_back(shape[i]);
    else if (keep) dims.push_back(1);
  }
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void inferArgExtremum(InferenceCall& call) {
  expectInputs(call, 1, 1);
  expectNumeric(call, 0);
  Shape shape = call.shape(0);
  expectRank(call, 0, 1);
  const int axis = normalizedAxis(call.attributes().whole("axis", 0), shape.rank());
  if (shape[axis] == 0) reject("expected elements along axis " + std::to_string(axis) + ", found shape " + shape.text());
  std::vector<std::int64_t> dims = shape.dims();
  if (call.attributes().whole("keepdims", 1)) dims[static_cast<std::size_t>(axis)] = 1;
  else dims.erase(dims.begin() + axis);
  call.setOutput(0, DataType::int64, Shape(std::move(dims)));
}

void inferCumulative(InferenceCall& call) {
  expectInputs(call, 2, 2);
  expectNumeric(call, 0);
  expectIndices(call, 1);
  expectOneElement(call, 1);
  expectRank(call, 0, 1);
  normalizedAxis(integerScalar(call.value(1)), call.shape(0).rank());
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferSoftmax(InferenceCall& call) {
  expectInputs(call, 1, 1);
  expectFloating(call, 0);
  softmaxLines(call.attributes(), call.opset(), call.shape(0));
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferTopK(InferenceCall& call) {
  const bool byInput = call.opset() >= 10;
  expectInputs(call, byInput ? 2 : 1, byInput ? 2 : 1);
  expectNumeric(call, 0);
  expectRank(call, 0, 1);
  Shape shape = call.shape(0);
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), shape.rank());
  const std::int64_t k = topKCount(call.attributes(), call.opset(), optionalValue(call, 1));
  if (k < 0 || k > shape[axis]) reject("expected k of 0 to " + std::to_string(shape[axis]) + ", found " + std::to_string(k));
  shape[axis] = k;
  call.setOutput(0, call.type(0), shape);
  call.setOutput(1, DataType::int64, shape);
}

}  // namespace

std::vector<bool> reducedAxes(const Operation& operation, std::int64_t opset, int rank, const Tensor* axes) {
  const bool byInput = opset >= (operation.type == "ReduceSum" ? 13 : 18);
  std::vector<std::int64_t> list;
  if (!byInput) list = operation.attributes.wholes("axes");
  else if (axes) list = integerList(*axes);
  if (!list.empty()) return axisFlags(list, rank);
  const bool none = byInput && operation.attributes.whole("noop_with_empty_axes", 0) != 0;
  return std::vector<bool>(static_cast<std::size_t>(rank), !none);
}

Lines linesAlong(const Shape& shape, int axis) { return {shape.count(0, axis), shape[axis], shape.count(axis + 1, shape.rank())}; }

Lines softmaxLines(const Attributes& attributes, std::int64_t opset, const Shape& shape) {
  if (shape.rank() == 0) return {};
  if (opset >= 13) return linesAlong(shape, normalizedAxis(attributes.whole("axis", -1), shape.rank()));
  const std::int64_t given = attributes.whole("axis", 1);
  const int axis = given == shape.rank() ? shape.rank() : normalizedAxis(given, shape.rank());
  return {shape.count(0, axis), shape.count(axis, shape.rank()), 1};
}

std::int64_t topKCount(const Attributes& attributes, std::int64_t opset, const Tensor* k) {
  if (opset >= 10) return integerScalar(*k);
  if (!attributes.has("k")) reject("expected the attribute 'k'");
  return attributes.whole("k", 0);
}

void reduce(OperationRegistry& registry) {
  for (const char* type : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"})
    registry.add({type, "", inferReduce});
  registry.add({"ArgMax", "", inferArgExtremum});
  registry.add({"ArgMin", "", inferArgExtremum});
  registry.add({"CumSum", "", inferCumulative});
  registry.add({"CumProd", "", inferCumulative});
  for (const char* type : {"Softmax", "LogSoftmax", "Hardmax"}) registry.add({type, "", inferSoftmax});
  registry.add({"TopK", "", inferTopK});
}

}  // namespace planish::operations
