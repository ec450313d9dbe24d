#include "core/plugin/loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace planish {
namespace {

TEST(SharedPlugin, RegistersThroughTheSameEntryFunction) {
  PluginRegistries registries;
  const auto loaded = loadPlugins(PLANISH_BINARY_DIR "/tests/plugins_good", registries);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].problem, "");
  const Tensor output = Tensor::of<float>({2, 3}, {1, 5, 2, -1, -3, -2});
  EXPECT_EQ(registries.scores.get("largest-answer").perSample({output, nullptr, {}}), (std::vector<double>{5, -1}));
}

TEST(SharedPlugin, OtherVersionsAndOtherLibrariesAreRefusedWithAReason) {
  PluginRegistries registries;
  const auto loaded = loadPlugins(PLANISH_BINARY_DIR "/tests/plugins_bad", registries);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_NE(loaded[0].problem.find("interface -1"), std::string::npos) << loaded[0].problem;
}

TEST(SharedPlugin, AFileThatIsNoLibraryIsARowNotACrash) {
  const auto folder = std::filesystem::temp_directory_path() / "planish-no-plugin";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "text.so") << "no library";
  PluginRegistries registries;
  const auto loaded = loadPlugins(folder, registries);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_FALSE(loaded[0].problem.empty());
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(loadPlugins(folder, registries).empty());
}

}  // namespace
}  // namespace planish
