#include "core/data/batch_source.h"
#include "tests/core/data/memory_dataset.h"

#include <chrono>
#include <gtest/gtest.h>

namespace planish {
namespace {

using testing::memoryDataset;
using testing::networkReading;

Tensor bytes(Shape shape) {
  Tensor tensor(DataType::uint8, std::move(shape));
  std::uint8_t next = 0;
  for (auto& value : tensor.writable<std::uint8_t>()) value = next++;
  return tensor;
}

std::string problem(const std::function<void()>& body, ErrorKind kind) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return {};
}

TEST(BatchSource, CutsIntoBatches) {
  const auto network = networkReading({-1, 1, 2, 2});
  const BatchSource source(network, memoryDataset(bytes(Shape{7, 2, 2}), {0, 1, 2, 3, 4, 5, 6}), {}, 6, 4);
  EXPECT_EQ(source.count(), 6);
  EXPECT_EQ(source.batchCount(), 2);
  const Batch last = source.batch(1);
  EXPECT_EQ(last.first, 4);
  EXPECT_EQ(last.count, 2);
  EXPECT_EQ(last.labels, (std::vector<std::int64_t>{4, 5}));
  const Tensor& input = last.inputs.at(network.inputs[0]);
  EXPECT_EQ(input.shape(), (Shape{2, 1, 2, 2}));
  EXPECT_EQ(input.data<float>()[0], 16);
  EXPECT_EQ(input.data<float>()[7], 23);
}

TEST(BatchSource, RawBytesEarnAWarning) {
  const auto network = networkReading({-1, 1, 2, 2});
  EXPECT_EQ(BatchSource(network, memoryDataset(bytes(Shape{2, 2, 2})), {}).warnings().size(), 1u);
  EXPECT_TRUE(BatchSource(network, memoryDataset(bytes(Shape{2, 2, 2})), Preprocessing::fromJson(R"({"scale": 0.5})")).warnings().empty());
}

TEST(BatchSource, FindsTheChannelAxis) {
  const auto network = networkReading({-1, 3, -1, -1});
  const BatchSource last(network, memoryDataset(bytes(Shape{1, 2, 2, 3})), {});
  EXPECT_EQ(last.batch(0).inputs.begin()->second.shape(), (Shape{1, 3, 2, 2}));
  EXPECT_EQ(last.batch(0).inputs.begin()->second.data<float>()[1], 3);
  const BatchSource first(network, memoryDataset(bytes(Shape{1, 3, 2, 2})), {});
  EXPECT_EQ(first.batch(0).inputs.begin()->second.data<float>()[1], 1);
}

TEST(BatchSource, ShapesThatDoNotFitSayWhatToChange) {
  const auto network = networkReading({-1, 3, 32, 32});
  const auto text = problem([&] { BatchSource(network, memoryDataset(bytes(Shape{1, 28, 28, 3})), {}); }, ErrorKind::invalidInput);
  EXPECT_NE(text.find("[3, 32, 32]"), std::string::npos) << text;
  EXPECT_NE(text.find("[3, 28, 28]"), std::string::npos) << text;
  EXPECT_NE(text.find("resize"), std::string::npos) << text;
}

TEST(BatchSource, FixedBatchIsKept) {
  const BatchSource source(networkReading({2, 1, 2, 2}), memoryDataset(bytes(Shape{5, 2, 2})), Preprocessing::fromJson(R"({"scale": 0.5})"));
  EXPECT_EQ(source.batchSize(), 2);
  EXPECT_EQ(source.count(), 4);
  EXPECT_EQ(source.warnings().size(), 1u);
}

TEST(BatchSource, SeveralInputsAreBoundByName) {
  Network network = networkReading({-1, 4});
  Value mask;
  mask.name = "mask";
  mask.type = DataType::int64;
  mask.declaredShape = {-1, 4};
  mask.ranked = true;
  network.inputs.push_back(network.addValue(mask));
  const std::vector<NamedArray> arrays{{"x", Tensor::of<float>(Shape{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})}, {"mask", Tensor::of<std::int32_t>(Shape{2, 4}, {1, 0, 1, 0, 1, 1, 1, 1})}};
  const auto data = std::make_shared<ArrayDataset>(DatasetRequest{"memory", {}, {}}, arrays);
  const BatchSource source(network, data, {});
  const Batch batch = source.batch(0);
  EXPECT_EQ(batch.inputs.at(network.inputs[1]).type(), DataType::int64);
  EXPECT_EQ(batch.inputs.at(network.inputs[1]).data<std::int64_t>()[1], 0);
  EXPECT_EQ(batch.inputs.at(network.inputs[0]).data<float>()[7], 8);
  EXPECT_NE(problem([&] { BatchSource(network, data, Preprocessing::fromJson(R"({"inputs": {"msk": "x"}})")); }, ErrorKind::usage).find("mask"), std::string::npos);
}

TEST(BatchSource, FingerprintTellsDataAndPreprocessingApart) {
  const auto network = networkReading({-1, 1, 2, 2});
  const auto fingerprint = [&](Shape shape, const char* json, std::int64_t limit) { return BatchSource(network, memoryDataset(bytes(std::move(shape))), Preprocessing::fromJson(json), limit).fingerprint(); };
  const auto base = fingerprint(Shape{4, 2, 2}, "{}", -1);
  EXPECT_EQ(base, fingerprint(Shape{4, 2, 2}, "{}", 4));
  EXPECT_NE(base, fingerprint(Shape{4, 2, 2}, "{}", 3));
  EXPECT_NE(base, fingerprint(Shape{5, 2, 2}, "{}", 4));
  EXPECT_NE(base, fingerprint(Shape{4, 2, 2}, R"({"scale": 2})", -1));
}

TEST(Numerics, N12_LabelsAndSamplesMustAgreeInNumber) {
  const auto text = problem([] { memoryDataset(bytes(Shape{10, 2, 2}), {1, 2, 3, 4, 5, 6, 7, 8, 9}); }, ErrorKind::invalidInput);
  EXPECT_NE(text.find("10 samples"), std::string::npos) << text;
  EXPECT_NE(text.find("9 labels"), std::string::npos) << text;
}

TEST(BatchSource, ConversionCostsLittle) {
  const BatchSource source(networkReading({-1, 3, 32, 32}), memoryDataset(bytes(Shape{512, 32, 32, 3})), Preprocessing::fromJson(R"({"scale": 0.0039, "mean": 0.5, "std": 0.25})"));
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < source.batchCount(); ++i) source.batch(i);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 0.5);
}

}  // namespace
}  // namespace planish
