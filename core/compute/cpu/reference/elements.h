#pragma once

#include "core/compute/kernel_registry.h"
#include "core/tensor/element.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace planish::cpu_reference {

/// Registers a reference kernel: it takes every call that the operation's definition takes.
inline void addReference(KernelRegistry& registry, std::string type, std::function<void(KernelCall&)> run, std::string domain = {}) {
  Kernel kernel;
  kernel.type = std::move(type);
  kernel.domain = std::move(domain);
  kernel.name = "reference";
  kernel.run = std::move(run);
  registry.add(std::move(kernel));
}

/// Calls f with a zero of the type in which elements of `type` are computed: double for float64, float for the narrower
/// floats, uint64 and int64 for whole numbers, int64 for boolean.
template <typename F>
void withComputeType(DataType type, F&& f) {
  switch (type) {
    case DataType::float64: return f(double{});
    case DataType::uint8: case DataType::uint16: case DataType::uint32: case DataType::uint64: case DataType::uint4: case DataType::uint2:
      return f(std::uint64_t{});
    default:
      if (isFloating(type)) return f(float{});
      if (isInteger(type) || type == DataType::boolean) return f(std::int64_t{});
      throw Error(ErrorKind::unsupported, "no arithmetic on type " + std::string(name(type)));
  }
}

/// The elements of a tensor as T: its own memory if that is its type, else a converted copy.
template <typename T>
class Input {
 public:
  explicit Input(const Tensor& tensor) {
    if (tensor.type() == DataTypeOf<T>::value) {
      m_data = tensor.data<T>();
      return;
    }
    m_copy.resize(static_cast<std::size_t>(tensor.count()));
    const ElementReader reader(tensor);
    for (std::size_t i = 0; i < m_copy.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>) m_copy[i] = static_cast<T>(reader.number(static_cast<std::int64_t>(i)));
      else m_copy[i] = static_cast<T>(reader.whole(static_cast<std::int64_t>(i)));
    }
    m_data = m_copy;
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  T operator[](std::int64_t i) const { return m_data[static_cast<std::size_t>(i)]; }
  std::int64_t size() const { return static_cast<std::int64_t>(m_data.size()); }
  const T* data() const { return m_data.data(); }

 private:
  std::vector<T> m_copy;
  std::span<const T> m_data;
};

/// The elements of a fresh tensor as T (uint8 for a boolean one); store() converts them where that is not its type. Whole
/// numbers keep their low bits.
template <typename T>
class Output {
 public:
  explicit Output(Tensor& tensor) : m_tensor(tensor) {
    if (tensor.type() == DataTypeOf<T>::value || (tensor.type() == DataType::boolean && sizeof(T) == 1)) {
      m_data = {reinterpret_cast<T*>(tensor.writableBytes().data()), static_cast<std::size_t>(tensor.count())};
      return;
    }
    m_copy.resize(static_cast<std::size_t>(tensor.count()));
    m_data = m_copy;
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  T& operator[](std::int64_t i) { return m_data[static_cast<std::size_t>(i)]; }
  std::int64_t size() const { return static_cast<std::int64_t>(m_data.size()); }
  T* data() { return m_data.data(); }
  void store() {
    if (m_copy.empty()) return;
    ElementWriter writer(m_tensor);
    for (std::size_t i = 0; i < m_copy.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>) writer.setNumber(static_cast<std::int64_t>(i), static_cast<double>(m_copy[i]), false);
      else writer.setWhole(static_cast<std::int64_t>(i), static_cast<std::int64_t>(m_copy[i]));
    }
  }

 private:
  Tensor& m_tensor;
  std::vector<T> m_copy;
  std::span<T> m_data;
};

/// The bytes of a boolean tensor; anything but 0 is true.
inline const std::uint8_t* flags(const Tensor& tensor) { return reinterpret_cast<const std::uint8_t*>(tensor.bytes().data()); }

/// Strides in elements by which an operand of shape `from` is read while walking `to`, which it broadcasts to: 0 where it is stretched.
inline std::vector<std::int64_t> broadcastStrides(const Shape& from, const Shape& to) {
  std::vector<std::int64_t> strides(static_cast<std::size_t>(to.rank()), 0);
  const auto own = from.strides();
  const int lead = to.rank() - from.rank();
  for (int i = 0; i < from.rank(); ++i)
    if (from[i] != 1) strides[static_cast<std::size_t>(i + lead)] = own[static_cast<std::size_t>(i)];
  return strides;
}

/// Walks all indices of a shape in row-major order with N offsets that move by their strides: f(linear index, offsets, step)
/// is called once for each run along the last axis, where `step` holds the strides of that axis and `run` its length.
template <std::size_t N, typename F>
void walkRuns(const Shape& shape, const std::array<std::vector<std::int64_t>, N>& strides, std::array<std::int64_t, N> offsets, F&& f) {
  const std::int64_t count = shape.count();
  if (count == 0) return;
  const int rank = shape.rank();
  const std::int64_t run = rank ? shape[rank - 1] : 1;
  std::array<std::int64_t, N> step{};
  if (rank)
    for (std::size_t k = 0; k < N; ++k) step[k] = strides[k][static_cast<std::size_t>(rank - 1)];
  std::vector<std::int64_t> index(static_cast<std::size_t>(rank), 0);
  for (std::int64_t at = 0; at < count; at += run) {
    f(at, offsets, step, run);
    for (int axis = rank - 2; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      for (std::size_t k = 0; k < N; ++k) offsets[k] += strides[k][a];
      if (++index[a] < shape[axis]) break;
      for (std::size_t k = 0; k < N; ++k) offsets[k] -= strides[k][a] * shape[axis];
      index[a] = 0;
    }
  }
}

/// f(linear index, offset) for each index of a shape in row-major order.
template <typename F>
void walk(const Shape& shape, const std::vector<std::int64_t>& strides, std::int64_t offset, F&& f) {
  walkRuns<1>(shape, {strides}, {offset}, [&](std::int64_t at, const auto& offsets, const auto& step, std::int64_t run) {
    for (std::int64_t i = 0; i < run; ++i) f(at + i, offsets[0] + i * step[0]);
  });
}

}  // namespace planish::cpu_reference
