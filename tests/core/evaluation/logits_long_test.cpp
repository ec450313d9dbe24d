#include "core/network/passes/fold_batchnorm.h"
#include "tests/core/evaluation/real_classifiers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace planish::testing {
namespace {

constexpr std::int64_t kSamples = 256;
constexpr double kTolerance = 1e-4;

class Logits : public ::testing::TestWithParam<RealClassifier> {};

double largestDifference(std::span<const float> a, std::span<const float> b) {
  double most = a.size() == b.size() ? 0 : std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = difference <= most ? most : difference;  // NaN stays
  }
  return most;
}

TEST_P(Logits, WithinATenThousandthOfOnnxRuntime) {
  const std::string python = PLANISH_BINARY_DIR "/venv/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "needs python with onnxruntime: " << python;
  const OpenedClassifier opened = openClassifier(GetParam(), kSamples);
  if (!opened.network) GTEST_SKIP() << "needs assets: " << GetParam().network << ", " << GetParam().data;
  const Tensor found = answers({opened.network.get()}, *opened.data, Context{}, Progress());

  const auto folder = std::filesystem::path(::testing::TempDir());
  const auto given = folder / (nameOf(GetParam()) + ".in"), made = folder / (nameOf(GetParam()) + ".out");
  const Batch all = opened.data->samples(0, kSamples);
  const Tensor& pictures = all.inputs.at(opened.network->inputs.front());
  const auto bytes = pictures.bytes();
  std::ofstream(given, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  std::string shape;
  for (int i = 1; i < pictures.shape().rank(); ++i) shape += (i > 1 ? "," : "") + std::to_string(pictures.shape()[i]);
  const std::string command = "'" + python + "' '" PLANISH_SOURCE_DIR "/tests/python/run_onnx.py' '" + (assetsFolder() / GetParam().network).string() + "' '" +
                              given.string() + "' '" + made.string() + "' " + shape;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  std::vector<float> expected(static_cast<std::size_t>(found.count()));
  std::ifstream(made, std::ios::binary).read(reinterpret_cast<char*>(expected.data()), static_cast<std::streamsize>(expected.size() * sizeof(float)));
  EXPECT_EQ(std::filesystem::file_size(made), expected.size() * sizeof(float));
  const double difference = largestDifference(found.data<float>(), expected);
  EXPECT_LE(difference, kTolerance);
  RecordProperty("largest_difference", std::to_string(difference));
  std::filesystem::remove(given);
  std::filesystem::remove(made);
}

TEST_P(Logits, AreTheSameWithFoldedBatchNormalizations) {
  const OpenedClassifier opened = openClassifier(GetParam(), kSamples);
  if (!opened.network) GTEST_SKIP() << "needs assets: " << GetParam().network << ", " << GetParam().data;
  const auto count = [](const Network& network) {
    return std::ranges::count_if(network.operations(), [](const Operation& operation) { return operation.type == "BatchNormalization"; });
  };
  const PassResult folded = foldBatchNorm(*opened.network);
  EXPECT_EQ(count(folded.network), 0);
  EXPECT_EQ(static_cast<std::int64_t>(folded.changes.size()), count(*opened.network));
  const Tensor unfolded = answers({opened.network.get()}, *opened.data, Context{}, Progress());
  const BatchSource again(folded.network, opened.data->sharedDataset(), opened.data->preprocessing(), kSamples);
  const Tensor found = answers({&folded.network}, again, Context{}, Progress());
  EXPECT_LE(largestDifference(unfolded.data<float>(), found.data<float>()), kTolerance);
  if (!folded.changes.empty()) EXPECT_EQ(folded.network.passes.back(), "fold-batchnorm");
}

INSTANTIATE_TEST_SUITE_P(Assets, Logits, ::testing::ValuesIn(kRealClassifiers), [](const auto& info) { return nameOf(info.param); });

}  // namespace
}  // namespace planish::testing
