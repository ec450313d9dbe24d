#include "core/jobs/front_job.h"

#include "core/jobs/measure_job.h"
#include "tests/core/jobs/demo_network.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

const SensitivityTable& table() {
  static const SensitivityTable measured = [] {
    return measure(
               {digits().network, registries(), {"weight-error"}, parseOptions("int2,int4,int6,int8"), "any", nullptr, {}, {}, nullptr, nullptr, {}},
               {}, {})
        .tables.at(0);
  }();
  return measured;
}

TEST(FrontJob, BytesRiseAndDamageFalls) {
  const auto plans = planFront({digits().network, table(), registries()}, {}, {});
  std::size_t front = 0;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    EXPECT_EQ(plans[i].plan.layers.size(), digits().network.layers.size());
    if (plans[i].uniform) continue;
    ++front;
    if (i == 0) continue;
    EXPECT_GT(plans[i].plan.bytes(), plans[i - 1].plan.bytes());
    EXPECT_LT(plans[i].predicted.mean, plans[i - 1].predicted.mean);
  }
  EXPECT_GT(front, 5u);
  EXPECT_LE(front, 32u);
}

TEST(FrontJob, UniformPlansLieOnOrAboveTheFront) {
  const auto plans = planFront({digits().network, table(), registries()}, {}, {});
  std::vector<std::string> labels;
  for (const auto& uniform : plans) {
    if (!uniform.uniform) continue;
    labels.push_back(uniform.label);
    double sum = 0;
    for (const auto& planned : uniform.plan.layers) {
      EXPECT_EQ(toText(planned.setting), uniform.label);
      sum += table().find(planned.layer, planned.setting)->estimate.mean;
    }
    EXPECT_NEAR(uniform.predicted.mean, sum, 1e-12);
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"int2", "int4", "int6", "int8"}));
}

TEST(FrontJob, LocksBindTheFrontOnly) {
  Plan locks;
  locks.layers.push_back({digits().network.layers.items[0].name, parseSetting("int8"), true, {}, "by hand"});
  for (const auto& point : planFront({digits().network, table(), registries(), "exact", "any", &locks, 8}, {}, {}))
    EXPECT_EQ(toText(point.plan.layers[0].setting), point.uniform ? point.label : "int8");
}

TEST(FrontJob, SolversThatMeasureAreRefused) {
  EXPECT_THROW(planFront({digits().network, table(), registries(), "evolve"}, {}, {}), Error);
}

}  // namespace
}  // namespace planish
