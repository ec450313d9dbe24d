#include "core/compute/operations/matmul_shapes.h"

namespace planish::operations {
namespace {

/// Types MatMul and Gemm take: floating-point, and 32- and 64-bit integers.
void expectNumber(const InferenceCall& call, std::size_t i, std::string_view name) {
  const DataType type = call.type(i);
  if (type != DataType::int32 && type != DataType::uint32 && type != DataType::int64 && type != DataType::uint64) expectReal(call, i, name);
}

void inferMatMul(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  expectNumber(call, 0, "A");
  expectSameType(call, 1, "B", 0);
  call.setOutput(0, call.type(0), MatmulShapes(call.shape(0), call.shape(1)).output);
}

/// transA, transB and 'alpha' of com.microsoft's FusedMatMul: a MatMul of swapped last axes, scaled.
void inferFusedMatMul(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  expectReal(call, 0, "A");
  expectSameType(call, 1, "B", 0);
  for (const char* name : {"transBatchA", "transBatchB"})
    if (call.attributes().whole(name, 0) != 0) throw Error(ErrorKind::unsupported, "expected attribute '" + std::string(name) + "' 0, found 1");
  const auto turned = [&](std::size_t i, const char* name) {
    Shape shape = call.shape(i);
    if (call.attributes().whole(name, 0) != 0 && shape.rank() > 1) std::swap(shape[-1], shape[-2]);
    return shape;
  };
  call.setOutput(0, call.type(0), MatmulShapes(turned(0, "transA"), turned(1, "transB")).output);
}

void inferGemm(InferenceCall& call) {
  expectInputCount(call, call.opset() >= 11 ? 2 : 3, 3);
  expectNumber(call, 0, "A");
  expectSameType(call, 1, "B", 0);
  expectSameType(call, 2, "C", 0);
  expectRank(call, 0, "A", 2, 2);
  expectRank(call, 1, "B", 2, 2);
  const bool turnA = call.attributes().whole("transA", 0) != 0, turnB = call.attributes().whole("transB", 0) != 0;
  const Shape &a = call.shape(0), &b = call.shape(1);
  if (a[turnA ? 0 : 1] != b[turnB ? 1 : 0])
    refuse("matrices with one inner size", a.text() + (turnA ? " transposed" : "") + " and " + b.text() + (turnB ? " transposed" : ""));
  const Shape output{a[turnA ? 1 : 0], b[turnB ? 0 : 1]};
  expectStretches(call, 2, "C", output);
  call.setOutput(0, call.type(0), output);
}

/// A zero point is one number, one for each row (A) or column (B), or that for each matrix.
void expectZeroPoint(const InferenceCall& call, std::size_t i, std::string_view name, const Shape& matrix, bool perRow) {
  if (!call.hasInput(i)) return;
  const Shape& shape = call.shape(i);
  if (shape.count() == 1) return;
  Shape full = matrix;
  if (matrix.rank() >= 2) full[perRow ? -1 : -2] = 1;
  const std::int64_t each = matrix.rank() < 2 ? 1 : matrix[perRow ? -2 : -1];
  if (shape != Shape{each} && shape != full) refuse("shape [" + std::to_string(each) + "] or " + full.text() + " for " + inputText(i, name), shape.text());
}

void inferMatMulInteger(InferenceCall& call) {
  expectInputCount(call, 2, 4);
  expectOneOf(call, 0, "A", {DataType::uint8, DataType::int8});
  expectOneOf(call, 1, "B", {DataType::uint8, DataType::int8});
  expectSameType(call, 2, "a_zero_point", 0);
  expectSameType(call, 3, "b_zero_point", 1);
  expectZeroPoint(call, 2, "a_zero_point", call.shape(0), true);
  expectZeroPoint(call, 3, "b_zero_point", call.shape(1), false);
  call.setOutput(0, DataType::int32, MatmulShapes(call.shape(0), call.shape(1)).output);
}

void inferQLinearMatMul(InferenceCall& call) {
  expectInputCount(call, 8, 8);
  const auto quantized = {DataType::uint8, DataType::int8, DataType::float8e4m3fn, DataType::float8e4m3fnuz, DataType::float8e5m2, DataType::float8e5m2fnuz};
  for (const std::size_t i : {0, 3, 7}) expectOneOf(call, i, "quantized", quantized);
  for (const std::size_t i : {1, 4, 6}) expectReal(call, i, "scale");
  expectSameType(call, 2, "a_zero_point", 0);
  expectSameType(call, 5, "b_zero_point", 3);
  for (const std::size_t i : {1, 2}) expectZeroPoint(call, i, "scale or zero point of a", call.shape(0), true);
  for (const std::size_t i : {4, 5}) expectZeroPoint(call, i, "scale or zero point of b", call.shape(3), false);
  MatmulShapes shapes(call.shape(0), call.shape(3));
  for (const std::size_t i : {6, 7}) expectZeroPoint(call, i, "scale or zero point of y", shapes.output, true);
  call.setOutput(0, call.type(7), std::move(shapes.output));
}

void inferDet(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 2);
  const Shape& shape = call.shape(0);
  if (shape[-1] != shape[-2]) refuse("square matrices", shape.text());
  call.setOutput(0, call.type(0), Shape(std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end() - 2)));
}

}  // namespace

void matmul(OperationRegistry& registry) {
  registry.add({"MatMul", "", inferMatMul});
  registry.add({"FusedMatMul", "com.microsoft", inferFusedMatMul});
  registry.add({"Gemm", "", inferGemm});
  registry.add({"MatMulInteger", "", inferMatMulInteger});
  registry.add({"QLinearMatMul", "", inferQLinearMatMul});
  registry.add({"Det", "", inferDet});
}

}  // namespace planish::operations
