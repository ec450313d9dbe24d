#include "core/jobs/measure_job.h"

#include "tests/core/jobs/demo_job.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

MeasureJob jobFor(const std::string& metric) {
  return {demo().network, builtinRegistries(), {metric}, parseOptions("int3,int8"), "any", demo().data.get(), "digits"};
}

class MeasureControl : public testing::TestWithParam<const char*> {};

TEST_P(MeasureControl, AsksInFrontOfEveryLayerAndSkips) {
  MeasureJob job = jobFor(GetParam());
  const MeasureOutcome whole = measure(job, {}, {});
  const auto& layers = demo().network.layers.items;
  std::vector<std::string> asked, measured;
  job.control = [&](const std::string& metric, const Layer& layer) {
    EXPECT_EQ(metric, GetParam());
    EXPECT_EQ(measured.size(), asked.size() - (layer.id.index > 1 ? 1 : 0)) << layer.name;  // all in front are measured but the skipped one
    asked.push_back(layer.name);
    return layer.id.index == 1 ? LayerControl::skip : LayerControl::go;
  };
  job.onRows = [&](const std::string&, const Layer& layer, const std::vector<SensitivityRow>&) { measured.push_back(layer.name); };
  const MeasureOutcome outcome = measure(job, {}, {});
  EXPECT_EQ(asked.size(), layers.size());
  EXPECT_EQ(outcome.skipped, std::vector<std::string>{std::string(GetParam()) + "/" + layers[1].name});
  EXPECT_NE(outcome.tables[0].fingerprint, whole.tables[0].fingerprint);
  for (const auto& row : whole.tables[0].rows) {
    const auto* cell = outcome.tables[0].find(row.layer, row.option);
    ASSERT_EQ(cell != nullptr, row.layer != layers[1].name) << row.layer;
    if (cell) { EXPECT_EQ(cell->estimate, row.estimate); }
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, MeasureControl, testing::Values("kl", "output-error", "weight-error"),
                         [](const auto& info) { return info.param[0] == 'k' ? "kl" : info.param[0] == 'o' ? "output" : "weight"; });

TEST(MeasureJob, AStopDuringAPauseTakesEffect) {
  MeasureJob job = jobFor("weight-error");
  Progress progress;
  int rows = 0;
  job.onRows = [&](const std::string&, const Layer&, const std::vector<SensitivityRow>&) { ++rows; };
  job.control = [&](const std::string&, const Layer& layer) {
    if (layer.id.index == 2) progress.requestStop();
    return LayerControl::go;
  };
  EXPECT_THROW(measure(job, {}, progress), Cancelled);
  EXPECT_EQ(rows, 2);
}

}  // namespace
}  // namespace planish
