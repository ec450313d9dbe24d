#include "core/compute/executor.h"
#include "core/compute/shape_inference.h"
#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace planish {
namespace {

class RealNetworks : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("PLANISH_ASSETS");
    const std::filesystem::path file = std::filesystem::path(folder ? folder : PLANISH_SOURCE_DIR "/../shared/assets") / GetParam();
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "needs assets: " << GetParam();
    registerBuiltinPlugins(m_registries);
    if (!m_registries.importers.find("onnx")) GTEST_SKIP() << "needs the importer 'onnx'";
    m_network = m_registries.importers.get("onnx").open(file, Progress());
  }

  PluginRegistries m_registries;
  std::shared_ptr<const Network> m_network;
};

/// Shape arithmetic inside the graph (Shape, Gather, Concat, Reshape) is followed to the end without running the network,
/// and running it gives values of just these shapes.
TEST_P(RealNetworks, EveryShapeIsFoundAndComesOutSo) {
  EXPECT_TRUE(unsupportedOperations(*m_network).empty());
  constexpr std::int64_t kBatch = 2;
  const Shapes shapes = inferShapes(*m_network, {}, kBatch);
  for (const auto& problem : shapes.problems) ADD_FAILURE() << problem;
  ValueMap given;
  for (const ValueId input : m_network->inputs) {
    const auto* item = shapes.find(input);
    ASSERT_TRUE(item);
    std::vector<float> values(static_cast<std::size_t>(item->shape.count()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) / 7 - 0.5f;
    given[input] = Tensor::of<float>(item->shape, values);
  }
  std::vector<ValueId> made;
  for (const auto& operation : m_network->operations())
    for (const ValueId output : operation.outputs)
      if (output.valid()) made.push_back(output);
  Executor executor(*m_network, Context{}, referenceKernels());
  const ValueMap values = executor.run(given, made);
  for (const ValueId id : made) {
    const auto* item = shapes.find(id);
    ASSERT_TRUE(item) << m_network->value(id).name;
    EXPECT_EQ(item->shape, values.at(id).shape()) << m_network->value(id).name;
    EXPECT_EQ(item->type, values.at(id).type()) << m_network->value(id).name;
  }
}

INSTANTIATE_TEST_SUITE_P(Assets, RealNetworks,
                         ::testing::Values("demo_digits/digits_resnet.onnx", "demo_glyphs/glyphs_mobilenetv2.onnx", "cifar10/mobilenetv2.onnx",
                                           "cifar10/vit.onnx", "cifar10/resnet20.onnx"),
                         [](const auto& info) {
                           std::string name = std::filesystem::path(info.param).stem().string();
                           return name;
                         });

}  // namespace
}  // namespace planish
