#include "core/compute/operations/generators.h"

#include <cmath>

namespace planish::operations {
namespace {

/// More elements than any range of a real network has; keeps the count exact in double.
constexpr double kLongestRange = 1099511627776.0;

void inferConstant(InferenceCall& call) {
  expectInputs(call, 0, 0);
  const Tensor value = constantValue(call.attributes());
  call.setOutput(0, value.type(), value.shape());
}

void inferConstantOfShape(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const Shape shape(integerList(call.value(0)));
  shape.count();  // refuses negative dimensions
  const Tensor* value = call.attributes().tensor("value");
  if (value && value->count() != 1) reject("expected a value of one element, found shape " + value->shape().text());
  call.setOutput(0, value ? value->type() : DataType::float32, shape);
}

double scalar(const Tensor& tensor) { return toPlain(planish::cast(tensor, DataType::float64)).data<double>()[0]; }

void inferRange(InferenceCall& call) {
  expectInputs(call, 3, 3);
  expectNumeric(call, 0);
  for (std::size_t i = 0; i < 3; ++i) {
    expectSameType(call, 0, i);
    expectOneElement(call, i);
  }
  std::int64_t count = 0;
  if (isInteger(call.type(0))) {
    const std::int64_t start = integerScalar(call.value(0)), limit = integerScalar(call.value(1)), delta = integerScalar(call.value(2));
    if (delta == 0) reject("expected a delta other than 0");
    std::int64_t distance;
    if (__builtin_sub_overflow(limit, start, &distance)) reject("the range from " + std::to_string(start) + " to " + std::to_string(limit) + " is too long");
    if (distance != 0 && (distance > 0) == (delta > 0)) count = (distance - (delta > 0 ? 1 : -1)) / delta + 1;
  } else {
    const double length = std::ceil((scalar(call.value(1)) - scalar(call.value(0))) / scalar(call.value(2)));
    if (!(std::fabs(length) < kLongestRange)) reject("expected a finite range");
    count = static_cast<std::int64_t>(std::fmax(0, length));
  }
  call.setOutput(0, call.type(0), {count});
}

void inferEyeLike(InferenceCall& call) {
  expectInputs(call, 1, 1);
  if (call.shape(0).rank() != 2) reject("expected a matrix, found " + call.shape(0).text());
  const auto type = static_cast<DataType>(call.attributes().whole("dtype", static_cast<std::int64_t>(call.type(0))) & 0xFFFF);
  if (!isNumeric(type) && type != DataType::boolean) reject("expected a number or bool as dtype, found " + std::string(name(type)));
  call.setOutput(0, type, call.shape(0));
}

void inferOneHot(InferenceCall& call) {
  expectInputs(call, 3, 3);
  expectNumeric(call, 0);
  expectNumeric(call, 1);
  expectOneElement(call, 1);
  if (call.shape(2) != Shape{2}) reject("expected two values, found shape " + call.shape(2).text());
  const double depth = scalar(call.value(1));
  if (!(depth >= 0 && depth < kLongestRange)) reject("expected a depth of 0 or more");
  std::vector<std::int64_t> dims = call.shape(0).dims();
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), call.shape(0).rank() + 1);
  dims.insert(dims.begin() + axis, static_cast<std::int64_t>(depth));
  call.setOutput(0, call.type(2), Shape(std::move(dims)));
}

void inferTrilu(InferenceCall& call) {
  expectInputs(call, 1, 2);
  expectRank(call, 0, 2);
  if (call.hasInput(1)) {
    expectType(call, 1, call.type(1) == DataType::int64, "int64");
    expectOneElement(call, 1);
  }
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferNonZero(InferenceCall& call) {
  expectInputs(call, 1, 1);
  expectType(call, 0, isNumeric(call.type(0)) || call.type(0) == DataType::boolean, "number or bool");
  call.setOutput(0, DataType::int64, {call.shape(0).rank(), 0});
  throw ValueUnknown();
}

void inferUnique(InferenceCall& call) {
  expectInputs(call, 1, 1);
  expectType(call, 0, isNumeric(call.type(0)) || call.type(0) == DataType::boolean, "number or bool");
  if (call.attributes().has("axis")) normalizedAxis(call.attributes().whole("axis", 0), call.shape(0).rank());
  call.setOutput(0, call.type(0), {});
  for (std::size_t i = 1; i < 4; ++i) call.setOutput(i, DataType::int64, {});
  throw ValueUnknown();
}

}  // namespace

Tensor constantValue(const Attributes& attributes) {
  if (const Tensor* value = attributes.tensor("value")) return *value;
  if (attributes.has("value_float")) return Tensor::scalar(attributes.number("value_float", 0));
  if (attributes.has("value_int")) return Tensor::scalar(attributes.whole("value_int", 0));
  if (attributes.has("value_string")) return Tensor::ofStrings({}, {attributes.word("value_string", "")});
  if (attributes.has("value_floats")) {
    const auto list = attributes.numbers("value_floats");
    return Tensor::of<float>({static_cast<std::int64_t>(list.size())}, list);
  }
  if (attributes.has("value_ints")) {
    const auto list = attributes.wholes("value_ints");
    return Tensor::of<std::int64_t>({static_cast<std::int64_t>(list.size())}, list);
  }
  if (attributes.has("value_strings")) {
    auto list = attributes.words("value_strings");
    const auto size = static_cast<std::int64_t>(list.size());
    return Tensor::ofStrings({size}, std::move(list));
  }
  if (attributes.has("sparse_value")) throw Error(ErrorKind::unsupported, "a sparse constant");
  reject("expected an attribute with the constant's value");
}

void generators(OperationRegistry& registry) {
  registry.add({"Constant", "", inferConstant});
  registry.add({"ConstantOfShape", "", inferConstantOfShape});
  registry.add({"Range", "", inferRange});
  registry.add({"EyeLike", "", inferEyeLike});
  registry.add({"OneHot", "", inferOneHot});
  registry.add({"Trilu", "", inferTrilu});
  registry.add({"NonZero", "", inferNonZero, true});
  registry.add({"Unique", "", inferUnique, true});
}

}  // namespace planish::operations
