#pragma once

#include "core/base/error.h"
#include "core/tensor/data_type.h"
#include "core/tensor/device.h"
#include "core/tensor/shape.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace planish {

/// Order of the elements in memory. channelsLast: logical [N, C, spatial...] stored as [N, spatial..., C].
enum class Layout : std::uint8_t { plain, channelsLast };

/// Bytes of a tensor: owned, or read from a file the first time they are asked for.
class Storage {
 public:
  virtual ~Storage() = default;
  /// May read a file; throws Error(invalidInput) if that fails. Thread-safe.
  virtual const std::byte* bytes() const = 0;
  virtual std::byte* writableBytes() { return nullptr; }
  virtual std::int64_t size() const = 0;
  virtual Device device() const { return {}; }
};

/// Reads a weight's bytes when it is first used; called at most once at a time.
using ReadBytes = std::function<void(std::span<std::byte> into)>;

/// A typed, shaped view of shared storage. Copies are cheap and share the bytes, which are const to all but the one that made
/// them. Sub-byte types are packed as ONNX packs them: first element in the low bits.
class Tensor {
 public:
  Tensor() = default;
  /// Owned, uninitialised, 64-byte aligned, on the CPU.
  Tensor(DataType type, Shape shape);
  Tensor(DataType type, Shape shape, std::shared_ptr<Storage> storage, Layout layout = Layout::plain);
  /// Read when first used; the bytes stay afterwards.
  static Tensor lazy(DataType type, Shape shape, ReadBytes read);
  /// A copy of the values; their number must fit the shape.
  template <typename T>
  static Tensor of(Shape shape, const std::vector<T>& values);
  template <typename T>
  static Tensor scalar(T value) { return of<T>(Shape{}, std::vector<T>{value}); }
  static Tensor ofStrings(Shape shape, std::vector<std::string> values);

  bool defined() const { return m_storage != nullptr || m_strings != nullptr; }
  DataType type() const { return m_type; }
  const Shape& shape() const { return m_shape; }
  Layout layout() const { return m_layout; }
  Device device() const { return m_storage ? m_storage->device() : Device{}; }
  std::int64_t count() const { return m_shape.count(); }
  /// Bytes of the packed elements.
  std::int64_t byteSize() const;

  std::span<const std::byte> bytes() const;
  /// Only for the maker of the storage, before anybody else has it.
  std::span<std::byte> writableBytes();

  /// The elements, row-major; throws Error(failed) if T is not the type or the layout is not plain.
  template <typename T>
  std::span<const T> data() const;
  template <typename T>
  std::span<T> writable();
  const std::vector<std::string>& strings() const { return *m_strings; }

  /// Same bytes, other shape; the counts must agree.
  Tensor reshaped(Shape shape) const;
  const std::shared_ptr<Storage>& storage() const { return m_storage; }

 private:
  void expect(DataType type) const;
  DataType m_type = DataType::undefined;
  Layout m_layout = Layout::plain;
  Shape m_shape;
  std::shared_ptr<Storage> m_storage;
  std::shared_ptr<const std::vector<std::string>> m_strings;
};

/// The same tensor in plain layout; itself if it is already.
Tensor toPlain(const Tensor& tensor);
/// [N, C, ...] of rank >= 3 with its channels innermost; itself if it is already.
Tensor toChannelsLast(const Tensor& tensor);
/// Any numeric type to float32, sub-byte and 8-bit float types included; itself if it is float32 already. Plain layout.
Tensor toFloat(const Tensor& tensor);
/// Saturating where integers are concerned, round to nearest even where floats are; every pair of numeric types.
Tensor cast(const Tensor& tensor, DataType type);
/// Integer tensor of any width as numbers; throws Error(invalidInput) for other types.
std::vector<std::int64_t> toIntegers(const Tensor& tensor);

template <typename T>
Tensor Tensor::of(Shape shape, const std::vector<T>& values) {
  Tensor tensor(DataTypeOf<T>::value, std::move(shape));
  auto out = tensor.writable<T>();
  if (out.size() != values.size())
    throw Error(ErrorKind::failed, std::to_string(values.size()) + " values for shape " + tensor.shape().text());
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return tensor;
}

template <typename T>
std::span<const T> Tensor::data() const {
  expect(DataTypeOf<T>::value);
  return {reinterpret_cast<const T*>(bytes().data()), static_cast<std::size_t>(count())};
}

template <typename T>
std::span<T> Tensor::writable() {
  expect(DataTypeOf<T>::value);
  return {reinterpret_cast<T*>(writableBytes().data()), static_cast<std::size_t>(count())};
}

}  // namespace planish
