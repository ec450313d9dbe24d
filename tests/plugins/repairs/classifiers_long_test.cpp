// What repairs do for real classifiers, calibrated on the first 512 pictures of calibration.npz and judged on the first pictures of test.npz.
#include "core/evaluation/evaluator.h"
#include "core/jobs/open_job.h"
#include "plugins/builtin_plugins.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <thread>

namespace planish {
namespace {

std::filesystem::path assets() {
  const char* folder = std::getenv("PLANISH_ASSETS");
  return std::filesystem::path(folder ? folder : PLANISH_SOURCE_DIR "/../shared/assets") / "cifar10";
}

bool there(const std::string& network) {
  return std::filesystem::exists(assets() / (network + ".onnx")) && std::filesystem::exists(assets() / "test.npz") && std::filesystem::exists(assets() / "calibration.npz");
}

struct Judged {
  double top1 = 0, kl = 0;
};

/// One network, compressed uniformly by rounding alone (no data), repaired and judged.
class Classifier {
 public:
  Classifier(const std::string& network, std::int64_t pictures) {
    registerBuiltinPlugins(m_plugins);
    m_context.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    m_opened = openNetwork(assets() / (network + ".onnx"), {}, m_plugins, {});
    m_calibration = open("calibration.npz", 512);
    m_test = open("test.npz", pictures);
    m_reference = answers({m_opened.network.get()}, *m_test, m_context, {});
  }

  Judged judge(const std::string& setting, const std::string& repairId) {
    CompressedNetwork compressed;
    for (const auto& layer : m_opened.layers.items) {
      LayerCompressor compressor(m_plugins.compressors, {layer, toMatrix(layer, m_opened.network->value(layer.weight).constant), nullptr, {}, m_context});
      compressed.weights[layer.weight] = compressor.compress(parseSetting(setting));
    }
    if (!repairId.empty()) {
      const Repair& repair = m_plugins.repairs.get(repairId);
      repair.apply(*m_opened.network, m_opened.layers, compressed, *m_calibration, ParameterValues(repair.declaration()), m_context, {});
    }
    const WeightOverlay overlay = compressed.overlay(*m_opened.network, m_opened.layers);
    const std::vector<const Score*> scores{&m_plugins.scores.get("top1"), &m_plugins.scores.get("kl")};
    const Evaluation evaluation = evaluate(scores, answers({m_opened.network.get(), &overlay}, *m_test, m_context, {}), *m_test, &m_reference);
    const Judged judged{100 * evaluation.estimate("top1").mean, evaluation.estimate("kl").mean};
    std::cout << m_opened.network->file << " " << setting << " " << (repairId.empty() ? "as it is" : repairId) << ": top-1 " << judged.top1 << " %, KL " << judged.kl << " nats, "
              << m_test->count() << " pictures" << std::endl;
    return judged;
  }

 private:
  std::unique_ptr<BatchSource> open(const char* file, std::int64_t limit) {
    Preprocessing how;
    how.scale = 1.0 / 255;
    how.mean = {.485, .456, .406};
    how.std = {.229, .224, .225};
    return openData(*m_opened.network, {assets() / file, {}, {}}, how, limit, 64, m_plugins).source;
  }

  PluginRegistries m_plugins;
  Context m_context;
  OpenedNetwork m_opened;
  std::unique_ptr<BatchSource> m_calibration, m_test;
  Tensor m_reference;
};

TEST(RepairFigures, BatchNormReestimationLiftsMobilenetv2AtThreeAndTwoBits) {
  if (!there("mobilenetv2")) GTEST_SKIP() << "needs assets: cifar10/mobilenetv2.onnx, test.npz, calibration.npz";
  Classifier network("mobilenetv2", 2000);
  EXPECT_LT(network.judge("int3", "").top1, 75);
  EXPECT_GT(network.judge("int3", "batchnorm").top1, 85.5);  // a plain script: 69 -> 87.4
  EXPECT_LT(network.judge("int2", "").top1, 15);
  EXPECT_GT(network.judge("int2", "batchnorm").top1, 74);    // 10 -> 77
}

struct Repaired {
  const char *network, *setting;
  double bias, moments;  ///< most that is left of the damage, as a share
};

/// Damage on pictures that the repairs have not seen. (BatchNorm re-estimation brings outputs to what the calibration pictures show, which costs more
/// than it gives where little was lost; bias correction brings nothing in the transformer, whose outputs hardly shift.)
class RepairedClassifiers : public testing::TestWithParam<Repaired> {};

TEST_P(RepairedClassifiers, MatchedOutputsMakeTheDamageSmaller) {
  const Repaired& given = GetParam();
  if (!there(given.network)) GTEST_SKIP() << "needs assets: cifar10/" << given.network << ".onnx, test.npz, calibration.npz";
  Classifier network(given.network, 1000);
  const double plain = network.judge(given.setting, "").kl;
  EXPECT_LT(network.judge(given.setting, "bias").kl, given.bias * plain);
  EXPECT_LT(network.judge(given.setting, "moments").kl, given.moments * plain);
}

INSTANTIATE_TEST_SUITE_P(Assets, RepairedClassifiers,
                         testing::Values(Repaired{"vit", "int3", 1.1, 1}, Repaired{"resnet20", "int4", 0.7, 0.5}, Repaired{"resnet20", "int3", 0.7, 0.25}),
                         [](const auto& info) { return std::string(info.param.network) + "_" + info.param.setting; });

}  // namespace
}  // namespace planish
