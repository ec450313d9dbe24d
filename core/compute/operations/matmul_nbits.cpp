#include "core/compute/operations/packed_weight.h"

namespace planish::operations {
namespace {

void expectCount(const InferenceCall& call, std::size_t i, std::string_view name, std::int64_t count) {
  if (call.hasInput(i) && call.shape(i).count() != count)
    refuse(std::to_string(count) + " elements in " + inputText(i, name), "shape " + call.shape(i).text());
}

void expectGroupIndices(const InferenceCall& call, const PackedWeight& weight) {
  if (!call.hasInput(4)) return;
  expectOneOf(call, 4, "g_idx", {DataType::int32});
  const std::int64_t count = call.shape(4).count();
  if (count != weight.columns && count != weight.blocks * weight.block)
    refuse(std::to_string(weight.columns) + " elements in " + inputText(4, "g_idx"), "shape " + call.shape(4).text());
  expectWithin(call, 4, "g_idx", 0, weight.blocks - 1);
}

void inferMatMulNBits(InferenceCall& call) {
  expectInputCount(call, 3, 6);
  const PackedWeight weight(call.attributes());
  wholeWithin(call.attributes(), "accuracy_level", 0, 0, 4);
  expectReal(call, 0, "A");
  expectRank(call, 0, "A", 1);
  if (call.shape(0)[-1] != weight.columns) refuse("a last dimension of K = " + std::to_string(weight.columns) + " in input 0 (A)", call.shape(0).text());
  expectOneOf(call, 1, "B", {DataType::uint8});
  const std::int64_t groups = product(weight.rows, weight.blocks);
  expectCount(call, 1, "B", product(groups, weight.bytesPerBlock));
  expectSameType(call, 2, "scales", 0);
  expectCount(call, 2, "scales", groups);
  if (call.hasInput(3)) {
    if (call.type(3) == DataType::uint8) expectCount(call, 3, "zero_points", product(weight.rows, weight.zeroBytesPerRow));
    else expectSameType(call, 3, "zero_points", 0), expectCount(call, 3, "zero_points", groups);
  }
  expectGroupIndices(call, weight);
  expectSameType(call, 5, "bias", 0);
  expectCount(call, 5, "bias", weight.rows);
  Shape output = call.shape(0);
  output[-1] = weight.rows;
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void matmul_nbits(OperationRegistry& registry) { registry.add({"MatMulNBits", "com.microsoft", inferMatMulNBits}); }

}  // namespace planish::operations
