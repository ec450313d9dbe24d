#include "tests/app/cli/cli_runner.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

/// A classifier of the assets, with the numbers that both the program and the script take.
struct Quantised {
  const char *network, *data, *x, *y, *calibration, *calibrationX, *scale, *mean, *std;
};

void PrintTo(const Quantised& q, std::ostream* out) { *out << q.network; }

class QuantisedExport : public ::testing::TestWithParam<Quantised> {};

/// Every layer on 8-bit integers: as many samples right in ONNX Runtime as the simulation says, but for three, and a file of the
/// predicted bytes and the header that is stated beside them.
TEST_P(QuantisedExport, CountsWhatTheSimulationSays) {
  const Quantised& q = GetParam();
  const std::string python = PLANISH_BINARY_DIR "/venv/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "needs python with onnxruntime: " << python;
  const char* given = std::getenv("PLANISH_ASSETS");
  const std::filesystem::path assets = given ? given : PLANISH_SOURCE_DIR "/../shared/assets";
  for (const char* file : {q.network, q.data, q.calibration})
    if (!std::filesystem::exists(assets / file)) GTEST_SKIP() << "needs assets: " << file;
  const Folder folder;
  const std::string exported = folder / "quantised.onnx", data = (assets / q.data).string();
  const Outcome run = cli("run " + (assets / q.network).string() + " --data " + data + " --x " + q.x + " --y " + q.y + " --calibration " + (assets / q.calibration).string() +
                          " --calibration-x " + q.calibrationX + " --calibration-limit 512 --scale " + q.scale + " --mean " + q.mean + " --std " + q.std +
                          " --metric weight-error --options int8+a8 --solver uniform --budget 99% --target onnxruntime --repair none --pass fold-batchnorm -o " +
                          (folder / "p.planish") + " --to " + exported + " --json");
  ASSERT_EQ(run.status, 0) << run.error;
  const auto result = run.json();
  const auto& file = result.at("export");
  EXPECT_EQ(file.at("bytes").get<std::int64_t>(), static_cast<std::int64_t>(std::filesystem::file_size(exported)));
  EXPECT_EQ(file.at("bytes").get<std::int64_t>(), file.at("predicted_bytes").get<std::int64_t>() + file.at("header_bytes").get<std::int64_t>());
  EXPECT_EQ(file.at("weight_bytes"), file.at("predicted_bytes"));
  for (const auto& layer : result.at("compress").at("layers")) EXPECT_EQ(layer.at("setting"), "int8+a8") << layer.at("layer");

  const std::int64_t simulated = result.at("compress").at("correct_after").get<std::int64_t>();
  const Outcome script = shell("'" + python + "' '" PLANISH_SOURCE_DIR "/tests/python/run_onnx.py' --right '" + exported + "' '" + data + "' " + q.x + " " + q.y + " " + q.scale + " " +
                               q.mean + " " + q.std);
  ASSERT_EQ(script.status, 0) << script.error;
  const std::int64_t right = std::stoll(script.out);
  EXPECT_LE(std::abs(right - simulated), 3) << "ONNX Runtime " << right << ", simulated " << simulated;
  std::printf("%s: float %lld, simulated %lld, ONNX Runtime %lld; %lld bytes = %lld of weights + %lld of header\n", q.network,
              result.at("compress").at("correct_before").get<long long>(), static_cast<long long>(simulated), static_cast<long long>(right), file.at("bytes").get<long long>(),
              file.at("predicted_bytes").get<long long>(), file.at("header_bytes").get<long long>());
}

constexpr const char *kByte = "0.00392156862745098", *kMean = "0.485,0.456,0.406", *kStd = "0.229,0.224,0.225";

Quantised cifar(const char* network) { return {network, "cifar10/test.npz", "x", "y", "cifar10/calibration.npz", "x", kByte, kMean, kStd}; }

INSTANTIATE_TEST_SUITE_P(
    Assets, QuantisedExport,
    ::testing::Values(
        Quantised{"demo_digits/digits_resnet.onnx", "demo_digits/digits.npz", "test_x", "test_y", "demo_digits/digits.npz", "train_x", "0.0625", "0.3", "0.37"},
        Quantised{"demo_glyphs/glyphs_mobilenetv2.onnx", "demo_glyphs/glyphs.npz", "test_x", "test_y", "demo_glyphs/glyphs.npz", "calibration_x", kByte, "0.5", "0.25"},
        cifar("cifar10/resnet20.onnx"), cifar("cifar10/mobilenetv2.onnx"), cifar("cifar10/vit.onnx")),
    [](const auto& info) { return std::filesystem::path(info.param.network).stem().string(); });

}  // namespace
}  // namespace planish
