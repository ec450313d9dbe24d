#include "core/evaluation/evaluator.h"
#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <thread>

namespace planish {
namespace {

struct Classifier {
  const char *network, *data, *preprocessing;
  std::int64_t samples, correct;  ///< as ONNX Runtime 1.31 counts
};

constexpr const char* kCifar = R"({"scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]})";
constexpr const char* kGlyphs = R"({"scale": 0.00392156862745098, "mean": 0.5, "std": 0.25})";
constexpr const char* kDigits = R"({"scale": 0.0625, "mean": 0.3, "std": 0.37})";

class Classifiers : public ::testing::TestWithParam<Classifier> {};

/// The float networks must get as many samples right as ONNX Runtime does, but for one that may be a tie.
TEST_P(Classifiers, CorrectSamples) {
  const auto& given = GetParam();
  const char* folder = std::getenv("PLANISH_ASSETS");
  const std::filesystem::path assets = folder ? folder : PLANISH_SOURCE_DIR "/../shared/assets";
  if (!std::filesystem::exists(assets / given.network) || !std::filesystem::exists(assets / given.data)) GTEST_SKIP() << "needs assets: " << given.network << ", " << given.data;
  PluginRegistries registries;
  registerBuiltinPlugins(registries);
  const auto network = registries.importers.get("onnx").open(assets / given.network, Progress());
  const auto data = openDataset(registries.datasets, {assets / given.data, {}, given.samples == 600 || given.samples == 2000 ? "test_y" : "y"});
  const BatchSource source(*network, data, Preprocessing::fromJson(given.preprocessing));
  Context context;
  context.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const Tensor made = answers({network.get()}, source, context, Progress());
  const Score* const scores[] = {&registries.scores.get("top1"), &registries.scores.get("loss")};
  const Evaluation evaluation = evaluate(scores, made, source, nullptr);
  EXPECT_EQ(source.count(), given.samples);
  EXPECT_NEAR(static_cast<double>(evaluation.correct()), static_cast<double>(given.correct), 1);
  EXPECT_NEAR(evaluation.estimate("top1").mean, static_cast<double>(evaluation.correct()) / static_cast<double>(given.samples), 1e-12);
  RecordProperty("correct", std::to_string(evaluation.correct()));
}

INSTANTIATE_TEST_SUITE_P(Assets, Classifiers,
                         ::testing::Values(Classifier{"demo_digits/digits_resnet.onnx", "demo_digits/digits.npz", kDigits, 600, 599},
                                           Classifier{"demo_glyphs/glyphs_mobilenetv2.onnx", "demo_glyphs/glyphs.npz", kGlyphs, 2000, 1942},
                                           Classifier{"cifar10/mobilenetv2.onnx", "cifar10/test.npz", kCifar, 10000, 8974}, Classifier{"cifar10/vit.onnx", "cifar10/test.npz", kCifar, 10000, 7934},
                                           Classifier{"cifar10/resnet20.onnx", "cifar10/test.npz", kCifar, 10000, 8103}),
                         [](const auto& info) { return std::filesystem::path(info.param.network).stem().string(); });

}  // namespace
}  // namespace planish
