#pragma once

#include "core/compute/kernel_registry.h"
#include "core/compute/operation_registry.h"

#include <string>
#include <vector>

/// Argument checks that definitions share, and readers of arguments that are attributes in one opset and inputs in another.
/// The readers serve definitions and kernels alike, so that both see the same numbers.
namespace planish::operations {

[[noreturn]] inline void reject(const std::string& message) { throw Error(ErrorKind::invalidInput, message); }

inline bool isNumeric(DataType type) { return isFloating(type) || isInteger(type); }

/// "int64 [2, 3]"
inline std::string describe(const InferenceCall& call, std::size_t i) {
  return std::string(name(call.type(i))) + " " + call.shape(i).text();
}

/// Throws unless there are at least `least` and at most `most` inputs, the first `least` of them present.
inline void expectInputs(const InferenceCall& call, std::size_t least, std::size_t most) {
  for (std::size_t i = 0; i < least; ++i)
    if (!call.hasInput(i)) reject("expected " + std::to_string(least) + " inputs, input " + std::to_string(i) + " is not there");
  if (call.inputCount() > most)
    reject("expected at most " + std::to_string(most) + " inputs, found " + std::to_string(call.inputCount()));
}

inline void expectSameType(const InferenceCall& call, std::size_t a, std::size_t b) {
  if (call.type(a) != call.type(b))
    reject("expected inputs " + std::to_string(a) + " and " + std::to_string(b) + " of one type, found " +
           std::string(name(call.type(a))) + " and " + std::string(name(call.type(b))));
}

inline void expectType(const InferenceCall& call, std::size_t i, bool fits, const char* expected) {
  if (!fits)
    reject("expected input " + std::to_string(i) + " of type " + expected + ", found " + std::string(name(call.type(i))));
}
inline void expectNumeric(const InferenceCall& call, std::size_t i) {
  expectType(call, i, isNumeric(call.type(i)), "number");
}
inline void expectFloating(const InferenceCall& call, std::size_t i) {
  expectType(call, i, isFloating(call.type(i)), "float");
}
inline void expectIndices(const InferenceCall& call, std::size_t i) {
  expectType(call, i, call.type(i) == DataType::int64 || call.type(i) == DataType::int32, "int32 or int64");
}
inline void expectRank(const InferenceCall& call, std::size_t i, int least) {
  if (call.shape(i).rank() < least)
    reject("expected input " + std::to_string(i) + " of rank " + std::to_string(least) + " or more, found " + call.shape(i).text());
}
inline void expectOneElement(const InferenceCall& call, std::size_t i) {
  if (call.shape(i).count() != 1)
    reject("expected one element in input " + std::to_string(i) + ", found shape " + call.shape(i).text());
}

/// The value of an input, nullptr where there is none. Throws ValueUnknown where a definition cannot know it yet.
inline const Tensor* optionalValue(const InferenceCall& call, std::size_t i) {
  return call.hasInput(i) ? &call.value(i) : nullptr;
}
inline const Tensor* optionalValue(const KernelCall& call, std::size_t i) { return call.hasInput(i) ? &call.input(i) : nullptr; }

/// The numbers of a scalar or a list; throws Error(invalidInput) for another rank or type.
inline std::vector<std::int64_t> integerList(const Tensor& tensor) {
  if (tensor.shape().rank() > 1) reject("expected a list of whole numbers, found shape " + tensor.shape().text());
  return toIntegers(tensor);
}

/// One whole number in a tensor of one element.
inline std::int64_t integerScalar(const Tensor& tensor) {
  if (tensor.count() != 1) reject("expected one whole number, found shape " + tensor.shape().text());
  return toIntegers(tensor).front();
}

/// Axes as flags over 0..rank-1; throws Error(invalidInput) for one outside or given twice.
inline std::vector<bool> axisFlags(const std::vector<std::int64_t>& axes, int rank) {
  std::vector<bool> flags(static_cast<std::size_t>(rank));
  for (const std::int64_t given : axes) {
    const auto axis = static_cast<std::size_t>(normalizedAxis(given, rank));
    if (flags[axis]) reject("axis " + std::to_string(given) + " is given twice");
    flags[axis] = true;
  }
  return flags;
}

}  // namespace planish::operations
