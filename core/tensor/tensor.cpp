#include "core/tensor/tensor.h"

#include "core/tensor/element.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace planish {
namespace {

class OwnedStorage : public Storage {
 public:
  explicit OwnedStorage(std::int64_t size) : m_size(size) {
    const std::size_t rounded = (static_cast<std::size_t>(size) + 127) / 64 * 64;
    m_bytes = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
    if (!m_bytes) throw Error(ErrorKind::outOfMemory, "no memory for a tensor of " + std::to_string(size) + " bytes");
  }
  ~OwnedStorage() override { std::free(m_bytes); }
  const std::byte* bytes() const override { return m_bytes; }
  std::byte* writableBytes() override { return m_bytes; }
  std::int64_t size() const override { return m_size; }

 private:
  std::byte* m_bytes = nullptr;
  std::int64_t m_size;
};

class LazyStorage : public Storage {
 public:
  LazyStorage(std::int64_t size, ReadBytes read) : m_size(size), m_read(std::move(read)) {}
  const std::byte* bytes() const override {
    std::lock_guard lock(m_reading);
    if (!m_content) {
      auto content = std::make_unique<OwnedStorage>(m_size);
      m_read({content->writableBytes(), static_cast<std::size_t>(m_size)});
      m_content = std::move(content);
    }
    return m_content->bytes();
  }
  std::int64_t size() const override { return m_size; }

 private:
  std::int64_t m_size;
  ReadBytes m_read;
  mutable std::mutex m_reading;
  mutable std::unique_ptr<OwnedStorage> m_content;
};

std::int64_t packedSize(DataType type, std::int64_t count) {
  std::int64_t bits;
  if (__builtin_mul_overflow(count, static_cast<std::int64_t>(bitsOf(type)), &bits))
    throw Error(ErrorKind::invalidInput, "a tensor of " + std::to_string(count) + " elements is too large");
  return (bits + 7) / 8;
}

template <typename T>
void transpose(const std::byte* from, std::byte* to, std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  const T* in = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  constexpr std::int64_t kTile = 16;
  for (std::int64_t b = 0; b < batch; ++b, in += rows * columns, out += rows * columns)
    for (std::int64_t r0 = 0; r0 < rows; r0 += kTile)
      for (std::int64_t c0 = 0; c0 < columns; c0 += kTile)
        for (std::int64_t r = r0; r < std::min(rows, r0 + kTile); ++r)
          for (std::int64_t c = c0; c < std::min(columns, c0 + kTile); ++c) out[c * rows + r] = in[r * columns + c];
}

Tensor swapChannels(const Tensor& tensor, Layout layout) {
  const Shape& shape = tensor.shape();
  const std::int64_t batch = shape[0], channels = shape[1], inner = shape.count(2, shape.rank());
  auto storage = std::make_shared<OwnedStorage>(tensor.byteSize());
  const auto rows = layout == Layout::channelsLast ? channels : inner, columns = layout == Layout::channelsLast ? inner : channels;
  const auto* from = tensor.storage()->bytes();
  switch (bitsOf(tensor.type())) {
    case 8: transpose<std::uint8_t>(from, storage->writableBytes(), batch, rows, columns); break;
    case 16: transpose<std::uint16_t>(from, storage->writableBytes(), batch, rows, columns); break;
    case 32: transpose<std::uint32_t>(from, storage->writableBytes(), batch, rows, columns); break;
    case 64: transpose<std::uint64_t>(from, storage->writableBytes(), batch, rows, columns); break;
    default: throw Error(ErrorKind::failed, "no other layout for type " + std::string(name(tensor.type())));
  }
  return Tensor(tensor.type(), shape, std::move(storage), layout);
}

}  // namespace

Tensor::Tensor(DataType type, Shape shape) : m_type(type), m_shape(std::move(shape)) {
  m_storage = std::make_shared<OwnedStorage>(packedSize(type, m_shape.count()));
}

Tensor::Tensor(DataType type, Shape shape, std::shared_ptr<Storage> storage, Layout layout)
    : m_type(type), m_layout(layout), m_shape(std::move(shape)), m_storage(std::move(storage)) {
  if (m_storage->size() < byteSize())
    throw Error(ErrorKind::failed, "storage of " + std::to_string(m_storage->size()) + " bytes is too small for shape " + m_shape.text());
}

Tensor Tensor::lazy(DataType type, Shape shape, ReadBytes read) {
  const std::int64_t size = packedSize(type, shape.count());
  return Tensor(type, std::move(shape), std::make_shared<LazyStorage>(size, std::move(read)));
}

Tensor Tensor::ofStrings(Shape shape, std::vector<std::string> values) {
  Tensor tensor;
  tensor.m_type = DataType::string;
  tensor.m_shape = std::move(shape);
  tensor.m_strings = std::make_shared<const std::vector<std::string>>(std::move(values));
  return tensor;
}

std::int64_t Tensor::byteSize() const { return packedSize(m_type, m_shape.count()); }

std::span<const std::byte> Tensor::bytes() const {
  if (!m_storage) throw Error(ErrorKind::failed, "a tensor without bytes was read");
  return {m_storage->bytes(), static_cast<std::size_t>(byteSize())};
}

std::span<std::byte> Tensor::writableBytes() {
  std::byte* bytes = m_storage ? m_storage->writableBytes() : nullptr;
  if (!bytes) throw Error(ErrorKind::failed, "a read-only tensor was written");
  return {bytes, static_cast<std::size_t>(byteSize())};
}

void Tensor::expect(DataType type) const {
  if (type != m_type)
    throw Error(ErrorKind::invalidInput, "expected a tensor of type " + std::string(name(type)) + ", found " + std::string(name(m_type)));
  if (m_layout != Layout::plain) throw Error(ErrorKind::failed, "expected a tensor in plain layout");
}

Tensor Tensor::reshaped(Shape shape) const {
  if (shape.count() != count())
    throw Error(ErrorKind::invalidInput, "cannot view shape " + m_shape.text() + " as " + shape.text());
  Tensor result = m_layout == Layout::plain ? *this : toPlain(*this);
  result.m_shape = std::move(shape);
  return result;
}

Tensor toPlain(const Tensor& tensor) { return tensor.layout() == Layout::plain ? tensor : swapChannels(tensor, Layout::plain); }

Tensor toChannelsLast(const Tensor& tensor) {
  if (tensor.layout() == Layout::channelsLast) return tensor;
  if (tensor.shape().rank() < 3) throw Error(ErrorKind::failed, "channels-last needs rank 3 or more, found " + tensor.shape().text());
  return swapChannels(tensor, Layout::channelsLast);
}

Tensor toFloat(const Tensor& tensor) { return cast(tensor, DataType::float32); }

Tensor cast(const Tensor& given, DataType type) {
  const Tensor tensor = toPlain(given);
  if (tensor.type() == type) return tensor;
  Tensor result(type, tensor.shape());
  const ElementReader from(tensor);
  ElementWriter to(result);
  const std::int64_t count = tensor.count();
  if (isFloating(tensor.type()) || isFloating(type)) {
    for (std::int64_t i = 0; i < count; ++i) to.setNumber(i, from.number(i));
  } else {
    for (std::int64_t i = 0; i < count; ++i) to.setWhole(i, from.whole(i));
  }
  return result;
}

std::vector<std::int64_t> toIntegers(const Tensor& tensor) {
  if (!isInteger(tensor.type()) && tensor.type() != DataType::boolean)
    throw Error(ErrorKind::invalidInput, "expected whole numbers, found type " + std::string(name(tensor.type())));
  const Tensor plain = toPlain(tensor);
  const ElementReader reader(plain);
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.count()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = reader.whole(static_cast<std::int64_t>(i));
  return values;
}

}  // namespace planish
