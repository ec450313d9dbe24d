#pragma once

#include "core/compute/kernel_registry.h"
#include "core/tensor/element.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace planish::cpu_reference {

/// The elements of any numeric tensor as doubles.
inline std::vector<double> read(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.count()));
  if (tensor.type() == DataType::float32) {
    const auto data = tensor.data<float>();
    std::copy(data.begin(), data.end(), values.begin());
    return values;
  }
  const ElementReader reader(tensor);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = reader.number(static_cast<std::int64_t>(i));
  return values;
}

/// The elements of any integer tensor. Unsigned 64-bit ones keep their bits.
inline std::vector<std::int64_t> readWhole(const Tensor& tensor) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.count()));
  const ElementReader reader(tensor);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = reader.whole(static_cast<std::int64_t>(i));
  return values;
}

/// Whole numbers that are used as positions or lengths, each in [low, high]. Definitions check them only where they are
/// weights; what comes while running is checked here. Throws Error(invalidInput).
inline std::vector<std::int64_t> readWithin(const Tensor& tensor, std::int64_t low, std::int64_t high, const std::string& what) {
  auto values = readWhole(tensor);
  for (const std::int64_t value : values)
    if (value < low || value > high)
      throw Error(ErrorKind::invalidInput,
                  "expected " + what + " from " + std::to_string(low) + " to " + std::to_string(high) + ", found " + std::to_string(value));
  return values;
}

/// Makes output i with its inferred shape and rounds the numbers to its type; integers truncate and saturate.
inline void write(KernelCall& call, std::size_t i, std::span<const double> values) {
  Tensor& tensor = call.makeOutput(i);
  if (tensor.type() == DataType::float32) {
    auto out = tensor.writable<float>();
    for (std::size_t at = 0; at < out.size(); ++at) out[at] = static_cast<float>(values[at]);
    return;
  }
  ElementWriter writer(tensor);
  const std::int64_t count = tensor.count();
  for (std::int64_t at = 0; at < count; ++at) writer.setNumber(at, values[static_cast<std::size_t>(at)]);
}

/// Makes output i and keeps the low bits of the numbers.
inline void writeWhole(KernelCall& call, std::size_t i, std::span<const std::int64_t> values) {
  Tensor& tensor = call.makeOutput(i);
  ElementWriter writer(tensor);
  const std::int64_t count = tensor.count();
  for (std::int64_t at = 0; at < count; ++at) writer.setWhole(at, values[static_cast<std::size_t>(at)]);
}

/// For each element of `to` in row-major order, the index of the element of `from` that stretches to it.
inline std::vector<std::int64_t> stretchedIndices(const Shape& from, const Shape& to) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(to.count()));
  const auto strides = from.strides();
  const int rank = to.rank(), missing = rank - from.rank();
  std::vector<std::int64_t> position(static_cast<std::size_t>(rank), 0);
  std::int64_t at = 0;
  for (auto& index : indices) {
    index = at;
    for (int axis = rank - 1; axis >= 0; --axis) {
      const std::int64_t stride = axis < missing || from[axis - missing] == 1 ? 0 : strides[static_cast<std::size_t>(axis - missing)];
      auto& p = position[static_cast<std::size_t>(axis)];
      at += stride;
      if (++p < to[axis]) break;
      at -= stride * p;
      p = 0;
    }
  }
  return indices;
}

/// The elements of `tensor` repeated so that they fill `to`.
inline std::vector<double> readStretched(const Tensor& tensor, const Shape& to) {
  const std::vector<double> values = read(tensor);
  if (tensor.shape() == to) return values;
  const auto indices = stretchedIndices(tensor.shape(), to);
  std::vector<double> result(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) result[i] = values[static_cast<std::size_t>(indices[i])];
  return result;
}

inline void addReference(KernelRegistry& registry, std::string type, void (*run)(KernelCall&), std::string domain = {}) {
  Kernel kernel;
  kernel.type = std::move(type);
  kernel.domain = std::move(domain);
  kernel.name = "reference";
  kernel.run = run;
  registry.add(std::move(kernel));
}

}  // namespace planish::cpu_reference
