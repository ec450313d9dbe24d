#include "core/compute/operations/gather.h"

namespace planish::operations {
namespace {

void inferGather(InferenceCall& call) {
  expectInputs(call, 2, 2);
  expectIndices(call, 1);
  expectRank(call, 0, 1);
  const auto& dims = call.shape(0).dims();
  const int axis = normalizedAxis(call.attributes().whole("axis", 0), call.shape(0).rank());
  std::vector<std::int64_t> out(dims.begin(), dims.begin() + axis);
  out.insert(out.end(), call.shape(1).dims().begin(), call.shape(1).dims().end());
  out.insert(out.end(), dims.begin() + axis + 1, dims.end());
  call.setOutput(0, call.type(0), Shape(std::move(out)));
}

/// Indices have the data's rank and may be smaller along every axis but `axis`.
void checkElementIndices(const InferenceCall& call) {
  expectIndices(call, 1);
  expectRank(call, 0, 1);
  const Shape &data = call.shape(0), &indices = call.shape(1);
  const int axis = normalizedAxis(call.attributes().whole("axis", 0), data.rank());
  bool fits = data.rank() == indices.rank();
  for (int i = 0; fits && i < data.rank(); ++i) fits = i == axis || indices[i] <= data[i];
  if (!fits) reject("expected indices that fit into " + data.text() + " along all axes but " + std::to_string(axis) + ", found " + indices.text());
}

void inferGatherElements(InferenceCall& call) {
  expectInputs(call, 2, 2);
  checkElementIndices(call);
  call.setOutput(0, call.type(0), call.shape(1));
}

void inferGatherNd(InferenceCall& call) {
  expectInputs(call, 2, 2);
  expectType(call, 1, call.type(1) == DataType::int64, "int64");
  expectRank(call, 0, 1);
  expectRank(call, 1, 1);
  const Shape &data = call.shape(0), &indices = call.shape(1);
  const std::int64_t batch = call.attributes().whole("batch_dims", 0), depth = indices[-1];
  if (batch < 0 || batch >= std::min(data.rank(), indices.rank())) reject("batch_dims " + std::to_string(batch) + " is too large for " + data.text() + " and " + indices.text());
  for (int i = 0; i < batch; ++i)
    if (data[i] != indices[i]) reject("expected equal batch dimensions, found " + data.text() + " and " + indices.text());
  if (depth < 1 || depth > data.rank() - batch) reject("expected index tuples of 1 to " + std::to_string(data.rank() - batch) + " numbers, found " + std::to_string(depth));
  std::vector<std::int64_t> dims(indices.dims().begin(), indices.dims().end() - 1);
  dims.insert(dims.end(), data.dims().begin() + batch + depth, data.dims().end());
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void checkReducible(const InferenceCall& call) {
  if (scatterReduction(call.attributes()) != Reduction::none) expectType(call, 0, isNumeric(call.type(0)), "number");
}

void inferScatterElements(InferenceCall& call) {
  expectInputs(call, 3, 3);
  checkElementIndices(call);
  expectSameType(call, 0, 2);
  checkReducible(call);
  if (call.shape(1) != call.shape(2)) reject("expected indices and updates of one shape, found " + call.shape(1).text() + " and " + call.shape(2).text());
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferScatterNd(InferenceCall& call) {
  expectInputs(call, 3, 3);
  expectType(call, 1, call.type(1) == DataType::int64, "int64");
  expectSameType(call, 0, 2);
  expectRank(call, 0, 1);
  expectRank(call, 1, 1);
  checkReducible(call);
  const Shape &data = call.shape(0), &indices = call.shape(1);
  const std::int64_t depth = indices[-1];
  if (depth < 1 || depth > data.rank()) reject("expected index tuples of 1 to " + std::to_string(data.rank()) + " numbers, found " + std::to_string(depth));
  std::vector<std::int64_t> dims(indices.dims().begin(), indices.dims().end() - 1);
  dims.insert(dims.end(), data.dims().begin() + depth, data.dims().end());
  if (call.shape(2).dims() != dims) reject("expected updates of shape " + Shape(dims).text() + ", found " + call.shape(2).text());
  call.setOutput(0, call.type(0), data);
}

/// Writes update into past_cache along `axis` from each batch item's write index on.
void inferTensorScatter(InferenceCall& call) {
  expectInputs(call, 2, 3);
  expectSameType(call, 0, 1);
  const Shape &cache = call.shape(0), &update = call.shape(1);
  expectRank(call, 0, 2);
  const int axis = normalizedAxis(call.attributes().whole("axis", -2), cache.rank());
  if (axis == 0) reject("axis 0 is the batch");
  const std::string mode = call.attributes().word("mode", "linear");
  if (mode != "linear" && mode != "circular") reject("expected mode linear or circular, found '" + printable(mode) + "'");
  bool fits = cache.rank() == update.rank();
  for (int i = 0; fits && i < cache.rank(); ++i) fits = i == axis ? update[i] <= cache[i] : update[i] == cache[i];
  if (!fits) reject("expected an update that fits into " + cache.text() + " along axis " + std::to_string(axis) + ", found " + update.text());
  if (call.hasInput(2)) {
    expectIndices(call, 2);
    if (call.shape(2) != Shape{cache[0]}) reject("expected one write index a batch item, found shape " + call.shape(2).text());
  }
  call.setOutput(0, call.type(0), cache);
}

void inferCompress(InferenceCall& call) {
  expectInputs(call, 2, 2);
  expectType(call, 1, call.type(1) == DataType::boolean, "bool");
  const Shape& shape = call.shape(0);
  if (call.shape(1).rank() != 1) reject("expected a list of conditions, found " + call.shape(1).text());
  const bool flat = !call.attributes().has("axis");
  const int axis = flat ? 0 : normalizedAxis(call.attributes().whole("axis", 0), shape.rank());
  if (call.shape(1)[0] > (flat ? shape.count() : shape[axis]))
    reject("expected at most as many conditions as elements of " + shape.text() + ", found " + call.shape(1).text());
  const Tensor& condition = call.value(1);
  std::int64_t kept = 0;
  for (const std::int64_t flag : toIntegers(condition)) kept += flag != 0;
  Shape out = flat ? Shape{kept} : shape;
  out[axis] = kept;
  call.setOutput(0, call.type(0), out);
}

}  // namespace

Reduction scatterReduction(const Attributes& attributes) {
  const std::string word = attributes.word("reduction", "none");
  if (word == "none") return Reduction::none;
  if (word == "add") return Reduction::add;
  if (word == "mul") return Reduction::multiply;
  if (word == "max") return Reduction::maximum;
  if (word == "min") return Reduction::minimum;
  reject("expected reduction none, add, mul, max or min, found '" + printable(word) + "'");
}

void gather(OperationRegistry& registry) {
  registry.add({"Gather", "", inferGather});
  registry.add({"GatherElements", "", inferGatherElements});
  registry.add({"GatherND", "", inferGatherNd});
  registry.add({"ScatterElements", "", inferScatterElements});
  registry.add({"Scatter", "", inferScatterElements});
  registry.add({"ScatterND", "", inferScatterNd});
  registry.add({"TensorScatter", "", inferTensorScatter});
  registry.add({"Compress", "", inferCompress});
}

}  // namespace planish::operations
