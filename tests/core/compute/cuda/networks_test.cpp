#include "core/compute/passes/convert_floats.h"
#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"
#include "tests/core/compute/cuda/kernel_support.h"

#include <cstdlib>
#include <filesystem>

using namespace planish;
using namespace planish::testing;

namespace {

class DeviceNetworks : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!deviceLibrary().engines) GTEST_SKIP() << "needs a CUDA device: " << deviceLibrary().problem;
    const char* folder = std::getenv("PLANISH_ASSETS");
    const std::filesystem::path file = std::filesystem::path(folder ? folder : PLANISH_SOURCE_DIR "/../shared/assets") / GetParam();
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "needs assets: " << GetParam();
    registerBuiltinPlugins(m_registries);
    m_network = m_registries.importers.get("onnx").open(file, Progress());
    const auto& input = m_network->value(m_network->inputs.front());
    std::vector<std::int64_t> dims = input.declaredShape;
    dims[0] = 37;
    std::mt19937 random(freshSeed());
    m_given[m_network->inputs.front()] = randomTensor(Shape(dims), random);
  }

  static double difference(const Tensor& expected, const Tensor& found) {
    const Tensor a = toFloat(expected), b = toFloat(found);
    double most = 0, largest = 0;
    for (std::size_t i = 0; i < a.data<float>().size(); ++i) {
      most = std::max(most, std::abs(double(a.data<float>()[i]) - b.data<float>()[i]));
      largest = std::max(largest, std::abs(double(a.data<float>()[i])));
      if (!std::isfinite(b.data<float>()[i])) return std::numeric_limits<double>::infinity();
    }
    return most / largest;
  }

  PluginRegistries m_registries;
  std::shared_ptr<const Network> m_network;
  ValueMap m_given;
};

TEST_P(DeviceNetworks, AnswersAreThoseOfTheProcessor) {
  const std::vector<ValueId> wanted{m_network->outputs.front()};
  const Tensor expected = Executor(*m_network, Context{}).run(m_given, wanted).at(wanted[0]);
  Executor device(*m_network, onDevice());
  const Tensor first = device.run(m_given, wanted).at(wanted[0]);
  EXPECT_TRUE(device.offDevice().empty()) << device.offDevice().front();
  const double exact = difference(expected, first);
  EXPECT_LE(exact, 1e-4) << "seed " << freshSeed();
  expectEqualBytes(first, device.run(m_given, wanted).at(wanted[0]));
  Context rounding = onDevice();
  rounding.roundedProducts = true;
  const double rounded = difference(expected, Executor(*m_network, rounding).run(m_given, wanted).at(wanted[0]));
  EXPECT_LE(rounded, 2e-2) << "seed " << freshSeed();
  std::printf("%s: difference of logits %.1e, with rounded products %.1e", GetParam(), exact, rounded);
  for (const DataType type : {DataType::float16, DataType::bfloat16}) {
    const Network half = withFloats(*m_network, type);
    Executor executor(half, onDevice());
    const double found = difference(expected, executor.run({{half.inputs.front(), cast(m_given.begin()->second, type)}}, wanted).at(wanted[0]));
    EXPECT_TRUE(executor.offDevice().empty()) << executor.offDevice().front();
    EXPECT_LE(found, type == DataType::float16 ? 2e-2 : 1.5e-1) << name(type) << ", seed " << freshSeed();
    std::printf(", %s %.1e", std::string(name(type)).c_str(), found);
  }
  std::printf("\n");
}

TEST_P(DeviceNetworks, APictureGivesTheSameBytesInAnyBatch) {
  const std::vector<ValueId> wanted{m_network->outputs.front()};
  const Tensor& all = m_given.begin()->second;
  for (const DataType type : {DataType::float32, DataType::bfloat16}) {
    const Network network = type == DataType::float32 ? *m_network : withFloats(*m_network, type);
    Executor device(network, onDevice());
    const auto run = [&](std::int64_t first, std::int64_t count) {
      auto dims = all.shape().dims();
      dims[0] = count;
      Tensor part{DataType::float32, Shape(dims)};
      const std::int64_t each = all.count() / all.shape()[0];
      std::copy_n(all.data<float>().begin() + first * each, count * each, part.writable<float>().begin());
      return toFloat(device.run({{network.inputs.front(), cast(part, type)}}, wanted).at(wanted[0]));
    };
    const Tensor together = run(0, 37);
    const std::int64_t each = together.count() / 37;
    for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{36, 1}, {0, 1}, {5, 7}, {20, 16}})
      EXPECT_EQ(0, std::memcmp(run(first, count).data<float>().data(), together.data<float>().data() + first * each, static_cast<std::size_t>(count * each) * sizeof(float)))
          << count << " from " << first << " of 37, " << name(type) << ", seed " << freshSeed();
  }
}

TEST_P(DeviceNetworks, EveryValueIsThatOfTheProcessor) {
  std::vector<ValueId> made;
  for (const auto& operation : m_network->operations())
    for (const ValueId output : operation.outputs)
      if (output.valid()) made.push_back(output);
  const ValueMap expected = Executor(*m_network, Context{}).run(m_given, made);
  const ValueMap found = Executor(*m_network, onDevice()).run(m_given, made);
  for (const ValueId id : made) {
    ASSERT_EQ(expected.at(id).shape(), found.at(id).shape()) << m_network->value(id).name;
    if (!isFloating(expected.at(id).type())) {
      expectEqualBytes(toPlain(expected.at(id)), toPlain(found.at(id)));
      continue;
    }
    EXPECT_LE(difference(toPlain(expected.at(id)), toPlain(found.at(id))), 1e-3) << m_network->value(id).name << ", seed " << freshSeed();
  }
}

INSTANTIATE_TEST_SUITE_P(Assets, DeviceNetworks,
                         ::testing::Values("demo_digits/digits_resnet.onnx", "demo_glyphs/glyphs_mobilenetv2.onnx", "cifar10/mobilenetv2.onnx", "cifar10/vit.onnx",
                                           "cifar10/resnet20.onnx"),
                         [](const auto& info) { return std::filesystem::path(info.param).stem().string(); });

}  // namespace
