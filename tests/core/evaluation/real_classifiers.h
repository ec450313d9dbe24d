#pragma once

#include "core/evaluation/evaluator.h"
#include "core/jobs/open_job.h"
#include "plugins/builtin_plugins.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace planish::testing {

/// A float classifier of the assets, and how its pictures go in.
struct RealClassifier {
  const char *network, *data, *x, *y, *preprocessing;
};

inline constexpr const char* kCifarPictures = R"({"scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]})";
inline constexpr const char* kGlyphPictures = R"({"scale": 0.00392156862745098, "mean": 0.5, "std": 0.25})";
inline constexpr const char* kDigitPictures = R"({"scale": 0.0625, "mean": 0.3, "std": 0.37})";

inline constexpr RealClassifier kRealClassifiers[] = {{"demo_digits/digits_resnet.onnx", "demo_digits/digits.npz", "test_x", "test_y", kDigitPictures},
                                                      {"demo_glyphs/glyphs_mobilenetv2.onnx", "demo_glyphs/glyphs.npz", "test_x", "test_y", kGlyphPictures},
                                                      {"cifar10/mobilenetv2.onnx", "cifar10/test.npz", "x", "y", kCifarPictures},
                                                      {"cifar10/vit.onnx", "cifar10/test.npz", "x", "y", kCifarPictures},
                                                      {"cifar10/resnet20.onnx", "cifar10/test.npz", "x", "y", kCifarPictures}};

inline std::string nameOf(const RealClassifier& classifier) { return std::filesystem::path(classifier.network).stem().string(); }

/// PLANISH_ASSETS, or ../shared/assets beside the sources.
inline std::filesystem::path assetsFolder() {
  const char* given = std::getenv("PLANISH_ASSETS");
  return given ? given : PLANISH_SOURCE_DIR "/../shared/assets";
}

inline const PluginRegistries& allPlugins() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

/// A classifier with its first samples; `network` is null if a file is not there.
struct OpenedClassifier {
  std::shared_ptr<const Network> network;
  std::unique_ptr<BatchSource> data;
};

inline OpenedClassifier openClassifier(const RealClassifier& classifier, std::int64_t samples) {
  const auto network = assetsFolder() / classifier.network, data = assetsFolder() / classifier.data;
  OpenedClassifier opened;
  if (!std::filesystem::exists(network) || !std::filesystem::exists(data)) return opened;
  opened.network = allPlugins().importers.get("onnx").open(network, Progress());
  opened.data = std::make_unique<BatchSource>(*opened.network, openDataset(allPlugins().datasets, {data, classifier.x, classifier.y}),
                                              Preprocessing::fromJson(classifier.preprocessing), samples);
  return opened;
}

}  // namespace planish::testing
