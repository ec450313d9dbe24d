#include "tests/core/jobs/demo_job.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

const std::string& digitsFile() {
  static const std::string path = PLANISH_SOURCE_DIR "/resources/demo/digits/digits_resnet.onnx";
  return path;
}

TEST(OpenJob, QuantisedActivationsAskForFoldedConvolutions) {
  EXPECT_TRUE(passesFor(parseOptions("int8,int4"), {}).empty());
  EXPECT_EQ(passesFor(parseOptions("int4,int8+a8"), {"fold-constants"}), (std::vector<std::string>{"fold-constants", "drop-identity", "fold-batchnorm"}));
}

TEST(OpenJob, OpensWithThePassesThatItsSettingsNeed) {
  const OpenedNetwork plain = openForWork(digitsFile(), {}, parseOptions("int8"), builtinRegistries(), {});
  const OpenedNetwork folded = openForWork(digitsFile(), {}, parseOptions("int8+a8"), builtinRegistries(), {});
  EXPECT_TRUE(plain.reference.passes.empty());
  EXPECT_EQ(folded.reference.passes, passesFor(parseOptions("int8+a8"), {}));
  EXPECT_EQ(passesText(folded.reference), "drop-identity,fold-constants,fold-batchnorm");
  EXPECT_EQ(folded.layers.size(), plain.layers.size());
  EXPECT_LE(folded.network->operationCount(), plain.network->operationCount());
}

}  // namespace
}  // namespace planish
