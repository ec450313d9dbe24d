#pragma once

#include "core/compute/operation_registry.h"

#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

namespace planish::operations {

/// float16, bfloat16, float32 or float64: the types arithmetic is defined for.
inline bool isReal(DataType type) {
  return type == DataType::float16 || type == DataType::bfloat16 || type == DataType::float32 || type == DataType::float64;
}

inline std::string listText(const std::vector<std::int64_t>& values) { return Shape(values).text(); }

inline std::string inputText(std::size_t i, std::string_view name) {
  return "input " + std::to_string(i) + " (" + std::string(name) + ")";
}

[[noreturn]] inline void refuse(const std::string& expected, const std::string& found) {
  throw Error(ErrorKind::invalidInput, "expected " + expected + ", found " + found);
}

inline void expectInputCount(const InferenceCall& call, std::size_t least, std::size_t most) {
  if (call.inputCount() >= least && call.inputCount() <= most) return;
  refuse(least == most ? std::to_string(least) + " inputs" : std::to_string(least) + " to " + std::to_string(most) + " inputs",
         std::to_string(call.inputCount()));
}

inline void expectReal(const InferenceCall& call, std::size_t i, std::string_view name) {
  if (!isReal(call.type(i))) refuse("a floating-point type for " + inputText(i, name), std::string(planish::name(call.type(i))));
}

inline void expectOneOf(const InferenceCall& call, std::size_t i, std::string_view name, std::initializer_list<DataType> types) {
  std::string known;
  for (const DataType type : types) {
    if (call.type(i) == type) return;
    known += (known.empty() ? "" : ", ") + std::string(planish::name(type));
  }
  refuse("type " + known + " for " + inputText(i, name), std::string(planish::name(call.type(i))));
}

/// Where it is given, input i has the type of input j.
inline void expectSameType(const InferenceCall& call, std::size_t i, std::string_view name, std::size_t j) {
  if (!call.hasInput(i) || call.type(i) == call.type(j)) return;
  refuse("type " + std::string(planish::name(call.type(j))) + " for " + inputText(i, name), std::string(planish::name(call.type(i))));
}

inline void expectRank(const InferenceCall& call, std::size_t i, std::string_view name, int least,
                       int most = std::numeric_limits<int>::max()) {
  const int rank = call.shape(i).rank();
  if (rank >= least && rank <= most) return;
  std::string wanted = "rank " + std::to_string(least);
  if (most != least) wanted += most == std::numeric_limits<int>::max() ? " or more" : " to " + std::to_string(most);
  refuse(wanted + " for " + inputText(i, name), "shape " + call.shape(i).text());
}

/// Where it is given, input i has exactly this shape.
inline void expectShape(const InferenceCall& call, std::size_t i, std::string_view name, const Shape& shape) {
  if (!call.hasInput(i) || call.shape(i) == shape) return;
  refuse("shape " + shape.text() + " for " + inputText(i, name), call.shape(i).text());
}

/// Input i stretches to `shape` without changing it.
inline void expectStretches(const InferenceCall& call, std::size_t i, std::string_view name, const Shape& shape) {
  if (!call.hasInput(i)) return;
  const Shape& given = call.shape(i);
  bool fits = given.rank() <= shape.rank();
  for (int axis = 1; fits && axis <= given.rank(); ++axis) fits = given[-axis] == 1 || given[-axis] == shape[-axis];
  if (!fits) refuse("a shape that stretches to " + shape.text() + " for " + inputText(i, name), given.text());
}

/// The attribute's value, which must lie in [low, high].
inline std::int64_t wholeWithin(const Attributes& attributes, std::string_view name, std::int64_t otherwise, std::int64_t low,
                                std::int64_t high) {
  const std::int64_t value = attributes.whole(name, otherwise);
  if (value < low || value > high)
    refuse("attribute '" + std::string(name) + "' from " + std::to_string(low) + " to " + std::to_string(high), std::to_string(value));
  return value;
}

/// One of `words`; names them all otherwise.
inline std::string wordOf(const Attributes& attributes, std::string_view name, std::string_view otherwise,
                          std::initializer_list<std::string_view> words) {
  const std::string value = attributes.word(name, otherwise);
  std::string known;
  for (const std::string_view word : words) {
    if (value == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  refuse("attribute '" + std::string(name) + "' to be one of " + known, "'" + printable(value) + "'");
}

/// Dimensions multiplied, or an error where that leaves 64 bits.
inline std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t result;
  if (__builtin_mul_overflow(a, b, &result))
    throw Error(ErrorKind::invalidInput, "a size of " + std::to_string(a) + " x " + std::to_string(b) + " is too large");
  return result;
}

/// The value of an input where it is known, else nullptr: for checks that shapes do not wait for.
inline const Tensor* knownValue(const InferenceCall& call, std::size_t i) {
  if (!call.hasInput(i)) return nullptr;
  try {
    return &call.value(i);
  } catch (const ValueUnknown&) {
    return nullptr;
  }
}

/// Where they are known, the whole numbers of input i are in [low, high].
inline void expectWithin(const InferenceCall& call, std::size_t i, std::string_view name, std::int64_t low, std::int64_t high) {
  const Tensor* value = knownValue(call, i);
  if (!value) return;
  for (const std::int64_t number : toIntegers(*value))
    if (number < low || number > high)
      refuse("numbers from " + std::to_string(low) + " to " + std::to_string(high) + " in " + inputText(i, name), std::to_string(number));
}

inline void expectSingle(const InferenceCall& call, std::size_t i, std::string_view name) {
  if (call.hasInput(i) && call.shape(i).count() != 1) refuse("one element in " + inputText(i, name), "shape " + call.shape(i).text());
}

}  // namespace planish::operations
