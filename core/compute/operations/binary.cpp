#include "core/compute/operations/binary.h"

#include <initializer_list>

namespace planish::operations {
namespace {

using TypeTest = bool (*)(DataType);

bool isBoolean(DataType type) { return type == DataType::boolean; }
bool isComparable(DataType type) { return isNumeric(type) || type == DataType::boolean; }
bool isEquatable(DataType type) { return isComparable(type) || type == DataType::string; }

void checkPair(InferenceCall& call, TypeTest fits, const char* expected) {
  expectInputs(call, 2, 2);
  expectType(call, 0, fits(call.type(0)), expected);
  expectSameType(call, 0, 1);
}

Shape pairShape(const InferenceCall& call) {
  return broadcast(call.shape(0), secondOperandShape(call.attributes(), call.opset(), call.shape(0), call.shape(1)));
}

/// Two inputs of one type; the output has the type or is boolean.
void addPairs(OperationRegistry& registry, std::initializer_list<const char*> types, TypeTest fits, const char* expected, bool toBoolean) {
  for (const char* type : types) {
    registry.add({type, "", [=](InferenceCall& call) {
                    checkPair(call, fits, expected);
                    call.setOutput(0, toBoolean ? DataType::boolean : call.type(0), pairShape(call));
                  }});
  }
}

/// One or more inputs of one type, broadcast together.
void addVariadic(OperationRegistry& registry, std::initializer_list<const char*> types, TypeTest fits, const char* expected) {
  for (const char* type : types) {
    registry.add({type, "", [=](InferenceCall& call) {
                    expectInputs(call, std::max<std::size_t>(1, call.inputCount()), call.inputCount());
                    expectType(call, 0, fits(call.type(0)), expected);
                    Shape shape = call.shape(0);
                    for (std::size_t i = 1; i < call.inputCount(); ++i) {
                      expectSameType(call, 0, i);
                      shape = broadcast(shape, call.shape(i));
                    }
                    call.setOutput(0, call.type(0), shape);
                  }});
  }
}

/// The exponent may have another type; the result has the base's.
void inferPow(InferenceCall& call) {
  expectInputs(call, 2, 2);
  expectNumeric(call, 0);
  expectNumeric(call, 1);
  call.setOutput(0, call.type(0), pairShape(call));
}

void inferMod(InferenceCall& call) {
  checkPair(call, isNumeric, "number");
  call.setOutput(0, call.type(0), pairShape(call));
}

void inferBitShift(InferenceCall& call) {
  checkPair(call, isInteger, "whole number");
  const std::string direction = call.attributes().word("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") reject("expected direction LEFT or RIGHT, found '" + printable(direction) + "'");
  call.setOutput(0, call.type(0), pairShape(call));
}

void inferPRelu(InferenceCall& call) {
  checkPair(call, isNumeric, "number");
  const Shape slope = slopeShape(call.opset(), call.shape(0), call.shape(1));
  if (broadcast(call.shape(0), slope) != call.shape(0))
    reject("expected a slope that broadcasts to " + call.shape(0).text() + ", found " + call.shape(1).text());
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferWhere(InferenceCall& call) {
  expectInputs(call, 3, 3);
  expectType(call, 0, call.type(0) == DataType::boolean, "bool");
  expectSameType(call, 1, 2);
  call.setOutput(0, call.type(1), broadcast(call.shape(0), broadcast(call.shape(1), call.shape(2))));
}

}  // namespace

Shape secondOperandShape(const Attributes& attributes, std::int64_t opset, const Shape& first, const Shape& second) {
  if (opset >= 7 || attributes.whole("broadcast", 0) == 0 || !attributes.has("axis")) return second;
  const int axis = normalizedAxis(attributes.whole("axis", 0), first.rank());
  if (axis + second.rank() > first.rank())
    reject("shape " + second.text() + " does not fit into " + first.text() + " from axis " + std::to_string(axis));
  std::vector<std::int64_t> dims = second.dims();
  dims.resize(static_cast<std::size_t>(first.rank() - axis), 1);
  return Shape(std::move(dims));
}

Shape slopeShape(std::int64_t opset, const Shape& x, const Shape& slope) {
  if (opset >= 7 || slope.rank() != 1 || slope[0] == 1 || x.rank() < 2) return slope;
  std::vector<std::int64_t> dims(static_cast<std::size_t>(x.rank() - 1), 1);
  dims[0] = slope[0];
  return Shape(std::move(dims));
}

void binary(OperationRegistry& registry) {
  addPairs(registry, {"Add", "Sub", "Mul", "Div"}, isNumeric, "number", false);
  addPairs(registry, {"And", "Or", "Xor"}, isBoolean, "bool", false);
  addPairs(registry, {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}, isInteger, "whole number", false);
  addPairs(registry, {"Equal"}, isEquatable, "number, bool or string", true);
  addPairs(registry, {"Less", "Greater", "LessOrEqual", "GreaterOrEqual"}, isNumeric, "number", true);
  addVariadic(registry, {"Min", "Max"}, isNumeric, "number");
  addVariadic(registry, {"Sum", "Mean"}, isFloating, "float");
  registry.add({"Pow", "", inferPow});
  registry.add({"Mod", "", inferMod});
  registry.add({"BitShift", "", inferBitShift});
  registry.add({"PRelu", "", inferPRelu});
  registry.add({"Where", "", inferWhere});
}

}  // namespace planish::operations
