#include "plugins/formats/onnx/tensor_proto.h"

#include "core/base/error.h"

#include <bit>
#include <climits>
#include <cstring>
#include <memory>

namespace planish::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX stores little-endian numbers and tensors are read in place");

constexpr int kMostDimensions = 64;

Error invalid(std::string message) { return Error(ErrorKind::invalidInput, std::move(message)); }

/// The bytes of a raw_data field, taken over from the message.
class TextStorage : public Storage {
 public:
  explicit TextStorage(std::string text) : m_text(std::move(text)) {}
  const std::byte* bytes() const override { return reinterpret_cast<const std::byte*>(m_text.data()); }
  std::int64_t size() const override { return static_cast<std::int64_t>(m_text.size()); }

 private:
  std::string m_text;
};

/// Fields that hold values, of which exactly one may be filled.
struct Filled {
  int fields = 0;
  std::string names;
  void look(std::int64_t count, const char* name) {
    if (count == 0) return;
    ++fields;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
};

Filled filledFields(const TensorProto& proto) {
  Filled filled;
  filled.look(static_cast<std::int64_t>(proto.raw_data().size()), "raw_data");
  filled.look(proto.float_data_size(), "float_data");
  filled.look(proto.int32_data_size(), "int32_data");
  filled.look(proto.string_data_size(), "string_data");
  filled.look(proto.int64_data_size(), "int64_data");
  filled.look(proto.double_data_size(), "double_data");
  filled.look(proto.uint64_data_size(), "uint64_data");
  return filled;
}

void expectCount(std::int64_t found, std::int64_t expected, const char* field, const TensorHeader& header) {
  if (found != expected)
    throw invalid("shape " + header.shape.text() + " of type " + std::string(name(header.type)) + " needs " + std::to_string(expected) +
                  " items in " + field + ", found " + std::to_string(found));
}

/// Copies a repeated field whose numbers have the width of `T` in the file's type.
template <typename T, typename Field>
Tensor copied(const Field& field, const char* name, const TensorHeader& header) {
  const std::int64_t expected = header.byteSize / static_cast<std::int64_t>(sizeof(T));
  expectCount(field.size(), expected, name, header);
  Tensor tensor(header.type, header.shape);
  if (expected > 0) std::memcpy(tensor.writableBytes().data(), field.data(), static_cast<std::size_t>(header.byteSize));
  return tensor;
}

/// Copies numbers that the file keeps in a wider field: each must fit `bits`, signed or not.
template <typename T, typename Field>
Tensor narrowed(const Field& field, const char* fieldName, const TensorHeader& header) {
  const std::int64_t expected = header.byteSize / static_cast<std::int64_t>(sizeof(T));
  expectCount(field.size(), expected, fieldName, header);
  Tensor tensor(header.type, header.shape);
  const auto out = tensor.writableBytes();
  constexpr int kBits = sizeof(T) * CHAR_BIT;
  for (int i = 0; i < field.size(); ++i) {
    const auto number = static_cast<std::int64_t>(field.Get(i));
    if (number < -(std::int64_t{1} << (kBits - 1)) || number >= std::int64_t{1} << kBits)
      throw invalid("value " + std::to_string(number) + " in " + fieldName + " does not fit type " + std::string(name(header.type)));
    const T low = static_cast<T>(number);
    std::memcpy(out.data() + static_cast<std::size_t>(i) * sizeof(T), &low, sizeof(T));
  }
  return tensor;
}

Tensor fromRaw(TensorProto& proto, const TensorHeader& header) {
  const auto found = static_cast<std::int64_t>(proto.raw_data().size());
  if (found != header.byteSize)
    throw invalid("shape " + header.shape.text() + " of type " + std::string(name(header.type)) + " needs " + std::to_string(header.byteSize) +
                  " bytes of raw_data, found " + std::to_string(found));
  std::string raw = std::move(*proto.mutable_raw_data());
  proto.clear_raw_data();
  if (header.type == DataType::boolean) normalizeBooleans(std::as_writable_bytes(std::span(raw.data(), raw.size())));
  return Tensor(header.type, header.shape, std::make_shared<TextStorage>(std::move(raw)));
}

Tensor fromFields(const TensorProto& proto, const TensorHeader& header) {
  switch (header.type) {
    case DataType::float32: case DataType::complex64: return copied<float>(proto.float_data(), "float_data", header);
    case DataType::float64: case DataType::complex128: return copied<double>(proto.double_data(), "double_data", header);
    case DataType::int32: return copied<std::int32_t>(proto.int32_data(), "int32_data", header);
    case DataType::int64: return copied<std::int64_t>(proto.int64_data(), "int64_data", header);
    case DataType::uint64: return copied<std::uint64_t>(proto.uint64_data(), "uint64_data", header);
    case DataType::uint32: return narrowed<std::uint32_t>(proto.uint64_data(), "uint64_data", header);
    case DataType::uint16: case DataType::int16: case DataType::float16: case DataType::bfloat16:
      return narrowed<std::uint16_t>(proto.int32_data(), "int32_data", header);
    default: break;
  }
  Tensor tensor = narrowed<std::uint8_t>(proto.int32_data(), "int32_data", header);  // 8 bits and less, packed ones in whole bytes
  if (header.type == DataType::boolean) normalizeBooleans(tensor.writableBytes());
  return tensor;
}

TensorProto parsed(std::span<const std::byte> bytes) {
  TensorProto proto;
  if (bytes.size() > INT_MAX || !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw invalid("not a TensorProto message: " + std::to_string(bytes.size()) + " bytes that do not parse");
  return proto;
}

}  // namespace

TensorHeader readHeader(const TensorProto& proto) {
  TensorHeader header;
  header.type = static_cast<DataType>(proto.data_type());
  if (!isKnown(header.type)) throw invalid("element type number " + std::to_string(proto.data_type()) + " is unknown");
  if (proto.has_segment()) throw Error(ErrorKind::unsupported, "the tensor is stored in segments");
  if (proto.dims_size() > kMostDimensions)
    throw invalid("expected at most " + std::to_string(kMostDimensions) + " dimensions, found " + std::to_string(proto.dims_size()));
  header.shape = Shape(std::vector<std::int64_t>(proto.dims().begin(), proto.dims().end()));
  // Empty axes count as 1 here, so that strides of an empty tensor do not overflow either.
  std::int64_t most = bitsOf(header.type) == 0 ? 1 : bitsOf(header.type);
  for (const std::int64_t dim : header.shape.dims()) {
    if (dim < 0) throw invalid("negative dimension in shape " + header.shape.text());
    if (dim > 1 && (__builtin_mul_overflow(most, dim, &most) || most > INT64_MAX - 7)) throw invalid("shape " + header.shape.text() + " has too many elements");
  }
  const std::int64_t bits = header.shape.count() * bitsOf(header.type);
  header.byteSize = (bits + 7) / 8;
  return header;
}

Tensor tensorFromProto(TensorProto& proto) {
  const TensorHeader header = readHeader(proto);
  if (proto.data_location() != TensorProto::DEFAULT) throw invalid("expected values inside the message, found data_location " + std::to_string(proto.data_location()));
  const Filled filled = filledFields(proto);
  if (filled.fields > 1) throw invalid("expected one field of values, found " + filled.names);
  if (header.type == DataType::string) {
    if (filled.fields == 1 && proto.string_data_size() == 0) throw invalid("strings belong into string_data, found " + filled.names);
    expectCount(proto.string_data_size(), header.shape.count(), "string_data", header);
    return Tensor::ofStrings(header.shape, {proto.string_data().begin(), proto.string_data().end()});
  }
  if (!proto.raw_data().empty()) return fromRaw(proto, header);
  return fromFields(proto, header);
}

Tensor tensorFromProtoBytes(std::span<const std::byte> bytes) {
  TensorProto proto = parsed(bytes);
  return tensorFromProto(proto);
}

std::string tensorNameFromProtoBytes(std::span<const std::byte> bytes) { return parsed(bytes).name(); }

Tensor tensorFromSparseProto(SparseTensorProto& proto) {
  TensorProto dense;
  *dense.mutable_dims() = proto.dims();
  dense.set_data_type(proto.values().data_type());
  const TensorHeader header = readHeader(dense);
  const auto type = header.type;
  if (type == DataType::string || bitsOf(type) < 8) throw Error(ErrorKind::unsupported, "sparse tensor of type " + std::string(name(type)));
  const Tensor values = tensorFromProto(*proto.mutable_values());
  const Tensor indices = tensorFromProto(*proto.mutable_indices());
  if (values.shape().rank() != 1) throw invalid("expected sparse values of rank 1, found shape " + values.shape().text());
  const std::int64_t stored = values.count();
  const int rank = header.shape.rank();
  const bool linear = indices.shape().rank() == 1;
  if (indices.type() != DataType::int64 || (indices.shape() != Shape{stored} && indices.shape() != Shape{stored, rank}))
    throw invalid("expected int64 indices of shape [" + std::to_string(stored) + "] or [" + std::to_string(stored) + ", " + std::to_string(rank) +
                  "], found " + std::string(name(indices.type())) + " " + indices.shape().text());
  // A few stored values may stand for a large matrix, but a small file must not ask for all of the memory.
  constexpr std::int64_t kAlwaysFine = 16 << 20, kMostGrowth = 4096;
  if (header.byteSize > kAlwaysFine && header.byteSize / kMostGrowth > values.byteSize() + indices.byteSize())
    throw invalid("sparse tensor of shape " + header.shape.text() + " stores only " + std::to_string(stored) + " values");
  Tensor result(type, header.shape);
  const auto out = result.writableBytes();
  std::fill(out.begin(), out.end(), std::byte{0});
  const auto in = values.bytes();
  const auto places = indices.data<std::int64_t>();
  const auto width = static_cast<std::size_t>(bitsOf(type) / 8);
  std::int64_t before = -1;
  for (std::int64_t i = 0; i < stored; ++i) {
    std::int64_t place = 0;
    if (linear) {
      place = places[static_cast<std::size_t>(i)];
      if (place < 0 || place >= header.shape.count()) throw invalid("sparse index " + std::to_string(place) + " is outside of shape " + header.shape.text());
    } else {
      for (int axis = 0; axis < rank; ++axis) {
        const std::int64_t at = places[static_cast<std::size_t>(i * rank + axis)];
        if (at < 0 || at >= header.shape[axis]) throw invalid("sparse index " + std::to_string(at) + " is outside of shape " + header.shape.text());
        place = place * header.shape[axis] + at;
      }
    }
    if (place <= before) throw invalid("sparse indices are not in ascending order without repeats, at number " + std::to_string(i));
    before = place;
    std::memcpy(out.data() + static_cast<std::size_t>(place) * width, in.data() + static_cast<std::size_t>(i) * width, width);
  }
  return result;
}

void normalizeBooleans(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes)
    if (byte != std::byte{0}) byte = std::byte{1};
}

}  // namespace planish::onnx
