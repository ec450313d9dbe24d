#include "core/compute/operations/shape_views.h"

#include <algorithm>

namespace planish::operations {
namespace {

void inferShape(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const auto [first, last] = shapeRange(call.attributes(), call.shape(0).rank());
  call.setOutput(0, DataType::int64, {last - first});
}

void inferSize(InferenceCall& call) {
  expectInputs(call, 1, 1);
  call.setOutput(0, DataType::int64, {});
}

std::vector<std::int64_t> wantedShape(const InferenceCall& call) {
  if (call.opset() < 5) return call.attributes().wholes("shape");
  return integerList(call.value(1));
}

/// 0 copies the input's dimension (unless allowzero), one -1 takes what is left.
void inferReshape(InferenceCall& call) {
  expectInputs(call, call.opset() < 5 ? 1 : 2, 2);
  const Shape& from = call.shape(0);
  std::vector<std::int64_t> dims = wantedShape(call);
  const bool allowZero = call.attributes().whole("allowzero", 0) != 0;
  std::size_t open = dims.size();
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !allowZero) {
      if (static_cast<int>(i) >= from.rank()) reject("dimension " + std::to_string(i) + " is 0, which " + from.text() + " has none for");
      dims[i] = from[static_cast<int>(i)];
    } else if (dims[i] == -1) {
      if (open != dims.size()) reject("expected at most one dimension of -1, found " + Shape(dims).text());
      open = i;
    } else if (dims[i] < 0) {
      reject("expected dimensions of -1 or more, found " + Shape(dims).text());
    }
  }
  const std::int64_t count = from.count();
  if (open != dims.size()) {
    dims[open] = 1;
    const std::int64_t rest = Shape(dims).count();
    if (rest == 0 || count % rest != 0) reject("cannot view shape " + from.text() + " as " + Shape(wantedShape(call)).text());
    dims[open] = count / rest;
  }
  Shape shape(std::move(dims));
  if (shape.count() != count) reject("cannot view shape " + from.text() + " as " + shape.text());
  call.setOutput(0, call.type(0), shape);
}

void inferFlatten(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const Shape& shape = call.shape(0);
  const std::int64_t given = call.attributes().whole("axis", 1);
  if (given < -shape.rank() || given > shape.rank())
    reject("axis " + std::to_string(given) + " is outside of rank " + std::to_string(shape.rank()));
  const int axis = static_cast<int>(given < 0 ? given + shape.rank() : given);
  call.setOutput(0, call.type(0), {shape.count(0, axis), shape.count(axis, shape.rank())});
}

void inferSqueeze(InferenceCall& call) {
  expectInputs(call, 1, call.opset() < 13 ? 1 : 2);
  const Shape& shape = call.shape(0);
  const bool given = call.opset() < 13 ? call.attributes().has("axes") : call.hasInput(1);
  std::vector<bool> dropped;
  if (given) {
    dropped = axisFlags(call.opset() < 13 ? call.attributes().wholes("axes") : integerList(call.value(1)), shape.rank());
  } else {
    for (const std::int64_t dim : shape.dims()) dropped.push_back(dim == 1);
  }
  std::vector<std::int64_t> dims;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!dropped[static_cast<std::size_t>(i)]) dims.push_back(shape[i]);
    else if (shape[i] != 1) reject("expected size 1 in axis " + std::to_string(i) + ", found " + shape.text());
  }
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void inferUnsqueeze(InferenceCall& call) {
  expectInputs(call, call.opset() < 13 ? 1 : 2, call.opset() < 13 ? 1 : 2);
  const auto axes = call.opset() < 13 ? call.attributes().wholes("axes") : integerList(call.value(1));
  const Shape& shape = call.shape(0);
  const auto added = axisFlags(axes, shape.rank() + static_cast<int>(axes.size()));
  std::vector<std::int64_t> dims;
  int next = 0;
  for (const bool one : added) dims.push_back(one ? 1 : shape[next++]);
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

}  // namespace

std::pair<int, int> shapeRange(const Attributes& attributes, int rank) {
  const auto inside = [rank](std::int64_t at) { return static_cast<int>(std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank)); };
  const int first = inside(attributes.whole("start", 0)), last = inside(attributes.whole("end", rank));
  return {first, std::max(first, last)};
}

void shape_views(OperationRegistry& registry) {
  registry.add({"Shape", "", inferShape});
  registry.add({"Size", "", inferSize});
  registry.add({"Reshape", "", inferReshape});
  registry.add({"Flatten", "", inferFlatten});
  registry.add({"Squeeze", "", inferSqueeze});
  registry.add({"Unsqueeze", "", inferUnsqueeze});
}

}  // namespace planish::operations
