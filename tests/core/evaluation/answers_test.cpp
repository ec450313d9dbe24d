#include "core/evaluation/evaluator.h"
#include "core/evaluation/samples_at_once.h"
#include "core/jobs/open_job.h"
#include "plugins/builtin_plugins.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace planish {
namespace {

struct Digits {
  PluginRegistries registries;
  OpenedNetwork opened;

  Digits() {
    registerBuiltinPlugins(registries);
    opened = openNetwork(PLANISH_SOURCE_DIR "/resources/demo/digits/digits_resnet.onnx", {}, registries, {});
  }
  std::unique_ptr<BatchSource> data(std::int64_t batch) const {
    Preprocessing how;
    how.scale = 1.0 / 16;
    how.mean = {0.3};
    how.std = {0.37};
    return openData(*opened.network, {PLANISH_SOURCE_DIR "/resources/demo/digits/digits.npz", "test_x", "test_y"},
                    how, 90, batch, registries)
        .source;
  }
};

TEST(Answers, DoNotDependOnBatchesOrThreads) {
  const Digits digits;
  Context one, three;
  three.threads = 3;
  const Tensor expected = answers({digits.opened.network.get()}, *digits.data(90), one, {});
  ASSERT_EQ(expected.shape(), Shape({90, 10}));
  for (const std::int64_t batch : {1, 7, 64}) {
    const Tensor found = answers({digits.opened.network.get()}, *digits.data(batch), three, {});
    EXPECT_TRUE(std::ranges::equal(found.bytes(), expected.bytes())) << "batch " << batch;
  }
}

TEST(SamplesAtOnce, AtMostTheBatchAndWhatTheCachesHold) {
  const Digits digits;
  EXPECT_EQ(samplesAtOnce(*digits.opened.network, *digits.data(16)), 16);
  const std::int64_t many = samplesAtOnce(*digits.opened.network, *digits.data(90));
  EXPECT_GT(many, 16);
  EXPECT_LE(many, 90);
}

TEST(SamplesAtOnce, AFixedBatchStays) {
  const Digits digits;
  Network fixed = *digits.opened.network;
  fixed.value(fixed.inputs.front()).declaredShape.front() = 6;
  EXPECT_TRUE(hasFixedBatch(fixed));
  EXPECT_FALSE(hasFixedBatch(*digits.opened.network));
  EXPECT_EQ(samplesAtOnce(fixed, *digits.data(64)), 64);
}

}  // namespace
}  // namespace planish
