#include "core/compute/operations/arguments.h"

#include <initializer_list>

namespace planish::operations {
namespace {

using TypeTest = bool (*)(DataType);

bool isBoolean(DataType type) { return type == DataType::boolean; }
bool isAnything(DataType) { return true; }

/// One input, one output of its type and shape.
void addSame(OperationRegistry& registry, std::initializer_list<const char*> types, TypeTest fits, const char* expected,
             const std::string& domain = {}) {
  for (const char* type : types) {
    registry.add({type, domain, [fits, expected](InferenceCall& call) {
                    expectInputs(call, 1, 1);
                    expectType(call, 0, fits(call.type(0)), expected);
                    call.setOutput(0, call.type(0), call.shape(0));
                  }});
  }
}

/// One float input, one boolean output of its shape.
void addTest(OperationRegistry& registry, const char* type) {
  registry.add({type, "", [](InferenceCall& call) {
                  expectInputs(call, 1, 1);
                  expectFloating(call, 0);
                  call.setOutput(0, DataType::boolean, call.shape(0));
                }});
}

void inferGelu(InferenceCall& call) {
  expectInputs(call, 1, 1);
  expectFloating(call, 0);
  const std::string approximate = call.attributes().word("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    reject("expected approximate 'none' or 'tanh', found '" + printable(approximate) + "'");
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferCelu(InferenceCall& call) {
  expectInputs(call, 1, 1);
  expectFloating(call, 0);
  if (call.attributes().number("alpha", 1.f) == 0) reject("expected alpha other than 0");
  call.setOutput(0, call.type(0), call.shape(0));
}

/// Limits are attributes before opset 11, optional scalars after.
void inferClip(InferenceCall& call) {
  expectInputs(call, 1, call.opset() < 11 ? 1 : 3);
  expectNumeric(call, 0);
  for (std::size_t i = 1; i < call.inputCount(); ++i) {
    if (!call.hasInput(i)) continue;
    expectSameType(call, 0, i);
    expectOneElement(call, i);
  }
  call.setOutput(0, call.type(0), call.shape(0));
}

void inferDropout(InferenceCall& call) {
  expectInputs(call, 1, call.opset() < 12 ? 1 : 3);
  expectFloating(call, 0);
  if (call.hasInput(1)) expectOneElement(call, 1);
  if (call.hasInput(2)) expectOneElement(call, 2);
  call.setOutput(0, call.type(0), call.shape(0));
  call.setOutput(1, call.opset() < 10 ? call.type(0) : DataType::boolean, call.shape(0));
}

}  // namespace

void unary(OperationRegistry& registry) {
  addSame(registry, {"Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil", "Round", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh",
                     "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "Elu", "Selu", "ThresholdedRelu", "LeakyRelu", "Sigmoid",
                     "HardSigmoid", "HardSwish", "Softplus", "Softsign", "Mish", "Swish"},
          isFloating, "float");
  addSame(registry, {"Abs", "Neg", "Sign", "Relu", "Erf", "Shrink"}, isNumeric, "number");
  addSame(registry, {"Not"}, isBoolean, "bool");
  addSame(registry, {"BitwiseNot"}, isInteger, "whole number");
  addSame(registry, {"Identity"}, isAnything, "any");
  addSame(registry, {"Gelu", "FastGelu", "QuickGelu"}, isFloating, "float", "com.microsoft");
  addTest(registry, "IsNaN");
  addTest(registry, "IsInf");
  registry.add({"Gelu", "", inferGelu});
  registry.add({"Celu", "", inferCelu});
  registry.add({"Clip", "", inferClip});
  registry.add({"Dropout", "", inferDropout});
}

}  // namespace planish::operations
