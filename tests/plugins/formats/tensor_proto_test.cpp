#include "plugins/formats/onnx/tensor_proto.h"

#include "core/tensor/element.h"

#include <gtest/gtest.h>

#include <string>

namespace planish::onnx {
namespace {

TensorProto header(DataType type, std::vector<std::int64_t> dims) {
  TensorProto proto;
  proto.set_data_type(static_cast<int>(type));
  proto.mutable_dims()->Assign(dims.begin(), dims.end());
  return proto;
}

Tensor throughBytes(const TensorProto& proto) {
  const std::string bytes = proto.SerializeAsString();
  return tensorFromProtoBytes(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

template <typename Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << error.what();
    return error.message();
  }
  return {};
}

TEST(TensorProto, ReadsRawBytesInPlace) {
  TensorProto proto = header(DataType::float32, {2, 2});
  const float values[] = {1, -2, 3.5f, 0};
  proto.set_raw_data(values, sizeof values);
  const Tensor tensor = throughBytes(proto);
  EXPECT_EQ(tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(tensor.data<float>()[1], -2);
  EXPECT_EQ(tensor.data<float>()[2], 3.5f);
}

TEST(TensorProto, ReadsTypedFieldsOfEveryKind) {
  TensorProto floats = header(DataType::float32, {2});
  floats.add_float_data(1.5f);
  floats.add_float_data(2);
  EXPECT_EQ(throughBytes(floats).data<float>()[0], 1.5f);

  TensorProto shorts = header(DataType::int8, {3});
  for (const int value : {-128, 127, 255}) shorts.add_int32_data(value);
  EXPECT_EQ(throughBytes(shorts).data<std::int8_t>()[0], -128);
  EXPECT_EQ(throughBytes(shorts).data<std::int8_t>()[2], -1);

  TensorProto halves = header(DataType::float16, {1});
  halves.add_int32_data(0x3C00);
  const Tensor half = throughBytes(halves);
  EXPECT_EQ(ElementReader(half).number(0), 1.0);

  TensorProto words = header(DataType::string, {2});
  words.add_string_data("a");
  words.add_string_data(std::string("b\0c", 3));
  EXPECT_EQ(throughBytes(words).strings()[1].size(), 3u);

  TensorProto wide = header(DataType::uint32, {1});
  wide.add_uint64_data(4'000'000'000u);
  EXPECT_EQ(throughBytes(wide).data<std::uint32_t>()[0], 4'000'000'000u);

  TensorProto scalar = header(DataType::int64, {});
  scalar.add_int64_data(-7);
  EXPECT_EQ(throughBytes(scalar).data<std::int64_t>()[0], -7);
}

TEST(TensorProto, ReadsPackedTypes) {
  TensorProto nibbles = header(DataType::int4, {3});
  nibbles.add_int32_data(0xF1);
  nibbles.add_int32_data(0x07);
  const Tensor four = throughBytes(nibbles);
  EXPECT_EQ(ElementReader(four).whole(0), 1);
  EXPECT_EQ(ElementReader(four).whole(1), -1);
  EXPECT_EQ(ElementReader(four).whole(2), 7);

  TensorProto pairs = header(DataType::uint2, {5});
  pairs.set_raw_data(std::string("\xE4\x02", 2));  // 0 1 2 3, 2
  const Tensor two = throughBytes(pairs);
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(ElementReader(two).whole(i), i);
  EXPECT_EQ(ElementReader(two).whole(4), 2);
}

TEST(TensorProto, MakesBooleansOnesAndZeros) {
  TensorProto flags = header(DataType::boolean, {3});
  flags.set_raw_data(std::string("\x02\x00\xFF", 3));
  const Tensor tensor = throughBytes(flags);
  EXPECT_EQ(tensor.bytes()[0], std::byte{1});
  EXPECT_EQ(tensor.bytes()[1], std::byte{0});
  EXPECT_EQ(tensor.bytes()[2], std::byte{1});
}

TEST(TensorProto, RefusesWhatDoesNotFit) {
  TensorProto narrow = header(DataType::uint8, {1});
  narrow.add_int32_data(256);
  EXPECT_NE(refusal([&] { throughBytes(narrow); }).find("256"), std::string::npos);

  TensorProto few = header(DataType::float32, {3});
  few.add_float_data(1);
  EXPECT_NE(refusal([&] { throughBytes(few); }).find("needs 3 items in float_data, found 1"), std::string::npos);

  TensorProto wrongField = header(DataType::float32, {1});
  wrongField.add_int64_data(1);
  EXPECT_FALSE(refusal([&] { throughBytes(wrongField); }).empty());

  TensorProto outside = header(DataType::float32, {1});
  outside.set_data_location(TensorProto::EXTERNAL);
  EXPECT_FALSE(refusal([&] { throughBytes(outside); }).empty());

  EXPECT_FALSE(refusal([] { tensorFromProtoBytes(std::as_bytes(std::span("\xFF\xFF\xFF", 3))); }).empty());
}

TEST(TensorProto, MakesSparseTensorsDense) {
  SparseTensorProto sparse;
  sparse.add_dims(2);
  sparse.add_dims(3);
  auto& values = *sparse.mutable_values();
  values = header(DataType::float32, {2});
  values.add_float_data(5);
  values.add_float_data(6);
  SparseTensorProto flat = sparse;
  *flat.mutable_indices() = header(DataType::int64, {2});
  flat.mutable_indices()->add_int64_data(1);
  flat.mutable_indices()->add_int64_data(5);
  SparseTensorProto paired = sparse;
  *paired.mutable_indices() = header(DataType::int64, {2, 2});
  for (const int at : {0, 1, 1, 2}) paired.mutable_indices()->add_int64_data(at);
  for (SparseTensorProto* form : {&flat, &paired}) {
    const Tensor dense = tensorFromSparseProto(*form);
    const auto found = dense.data<float>();
    EXPECT_EQ((std::vector<float>(found.begin(), found.end())), (std::vector<float>{0, 5, 0, 0, 0, 6}));
  }
}

}  // namespace
}  // namespace planish::onnx
