#include "core/project/level_database.h"

#include "core/jobs/plan_trial.h"
#include "tests/core/jobs/demo_job.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

std::string bytesOf(const CompressedNetwork& network) {
  std::string bytes;
  for (const auto& [weight, tensor] : network.weights) {
    const Tensor decoded = tensor.decode();
    bytes.append(reinterpret_cast<const char*>(decoded.bytes().data()), decoded.bytes().size());
  }
  return bytes;
}

/// A level is made once: by the measurement, and found by the trial of a plan and by the compress job.
TEST(Levels, SweepSearchAndCompressJobShareThem) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("shared-levels" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  const Demo& d = demo();
  LevelDatabase levels(folder, {}, LevelDatabase::kMostBytes, 0);
  MeasureJob measuring{d.network, builtinRegistries(), {"weight-error"}, parseOptions("int3@gptq,int4@adaround")};
  measuring.calibration = d.data.get();
  const auto without = measure(measuring, {}, {});
  measuring.levels = &levels;
  const auto first = measure(measuring, {}, {}), second = measure(measuring, {}, {});
  const auto layers = static_cast<std::int64_t>(d.network.layers.size());
  EXPECT_EQ(levels.counts().kept, 2 * layers);
  EXPECT_EQ(levels.counts().found, 2 * layers);
  EXPECT_EQ(first.tables[0].rows, without.tables[0].rows);
  EXPECT_EQ(second.tables[0].rows, without.tables[0].rows);

  const Plan plan = d.plan("int3@gptq");
  CompressJob job{d.network, plan, builtinRegistries()};
  job.calibration = d.data.get();
  job.repairs.emplace();
  const auto fresh = compress(job, {}, {});
  job.levels = &levels;
  const auto taken = compress(job, {}, {});
  EXPECT_EQ(levels.counts().found, 3 * layers);
  EXPECT_EQ(levels.counts().kept, 2 * layers);
  EXPECT_EQ(bytesOf(taken.compressed), bytesOf(fresh.compressed));

  AllocationProblem problem;
  for (const auto& layer : d.network.layers.items) problem.units.push_back({{layer.name}, {{parseSetting("int3@gptq"), 0, 0, predictBits(layer, parseSetting("int3@gptq"), {}).count, 0}}});
  PlanTrial trial(d.network, problem, builtinRegistries(), *d.data, "kl", {}, {}, {}, {}, &levels);
  EXPECT_EQ(bytesOf(trial.compressed(std::vector<int>(problem.units.size(), 0))), bytesOf(fresh.compressed));
  EXPECT_EQ(levels.counts().found, 4 * layers);
  EXPECT_EQ(levels.counts().damaged, 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace planish
