#include "core/jobs/plan_job.h"

#include "tests/core/jobs/demo_job.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

struct Planning {
  SensitivityTable table;
  Plan locks;

  Planning() {
    MeasureJob job{demo().network, builtinRegistries(), {"weight-error"}, parseOptions("int8,int4")};
    table = measure(job, {}, {}).tables.at(0);
  }
  PlanOutcome solve(const std::string& setting, const std::string& target) {
    locks.layers = {{demo().network.layers.items[1].name, parseSetting(setting), true, {}, "by hand"}};
    PlanJob job{demo().network, table, parseBudget("25%"), builtinRegistries()};
    job.target = target;
    job.locks = &locks;
    return makePlan(job, {}, {});
  }
};

TEST(PlanJob, ALockThatWasNotMeasuredHasItsBytes) {
  const PlanOutcome outcome = Planning().solve("int3", "any");
  const Layer& layer = demo().network.layers.items[1];
  const PlannedLayer& locked = outcome.plan.layers[1];
  EXPECT_EQ(toText(locked.setting), "int3");
  EXPECT_TRUE(locked.locked);
  EXPECT_EQ(locked.bits, predictBits(layer, parseSetting("int3"), builtinRegistries().targets.get("any").storage()));
  EXPECT_GT(locked.bits.count, 3 * layer.weightCount());
  EXPECT_NE(outcome.plan.note.find("not measured"), std::string::npos) << outcome.plan.note;
}

TEST(PlanJob, ALockThatCannotBeMadeIsRefusedWithItsReason) {
  Planning planning;
  try {
    planning.solve("int3", "onnxruntime");
    ADD_FAILURE() << "a plan that the target cannot take";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string text = error.what();
    EXPECT_NE(text.find(demo().network.layers.items[1].name), std::string::npos) << text;
    EXPECT_NE(text.find("int3"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace planish
