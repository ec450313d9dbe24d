#include "core/jobs/compress_job.h"

#include "core/evaluation/evaluator.h"
#include "tests/core/jobs/demo_job.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

struct Job {
  Plan plan;
  CompressJob job{demo().network, plan, builtinRegistries()};
  explicit Job(const std::string& setting) : plan(demo().plan(setting)) {
    job.calibration = job.data = demo().data.get();
    job.repairs.emplace();
  }
};

void expectSameBytes(const CompressOutcome& a, const CompressOutcome& b) {
  ASSERT_EQ(a.compressed.weights.size(), b.compressed.weights.size());
  for (const auto& [id, tensor] : a.compressed.weights) {
    const Tensor x = tensor.decode(), y = b.compressed.weights.at(id).decode();
    ASSERT_TRUE(std::ranges::equal(x.bytes(), y.bytes()));
  }
  ASSERT_EQ(a.compressed.edits.size(), b.compressed.edits.size());
  for (const auto& [id, tensor] : a.compressed.edits)
    ASSERT_TRUE(std::ranges::equal(tensor.bytes(), b.compressed.edits.at(id).bytes()));
  EXPECT_EQ(a.compressed.activations, b.compressed.activations);
  EXPECT_EQ(a.result.after, b.result.after);
  EXPECT_EQ(a.result.difference, b.result.difference);
  EXPECT_EQ(a.plan.layers, b.plan.layers);
}

/// By running the whole network with the first `done` layers replaced.
std::map<std::string, Estimate> fullRun(const CompressOutcome& outcome, std::size_t done) {
  CompressedNetwork partly;
  for (std::size_t i = 0; i < done; ++i) {
    const ValueId weight = demo().network.layers.items[i].weight;
    partly.weights[weight] = outcome.compressed.weights.at(weight);
  }
  const auto& network = *demo().network.network;
  const WeightOverlay overlay = partly.overlay(network, demo().network.layers);
  const Tensor before = answers({&network, nullptr, nullptr}, *demo().data, {}, {}),
               after = answers({&network, &overlay, nullptr}, *demo().data, {}, {});
  const auto scores = scoresFor(builtinRegistries().scores, *demo().data);
  std::map<std::string, Estimate> estimates;
  for (const auto& [id, values] : evaluate(scores, after, *demo().data, &before).perSample)
    estimates[id] = estimateOf(values);
  return estimates;
}

TEST(CompressJob, LiveScoresAreThoseOfFullRunsAfterEveryLayer) {
  Job job("int3");
  std::vector<LiveScores> points;
  std::map<std::string, Estimate> original;
  job.job.live.samples = demo().data.get();
  job.job.live.freeSeconds = 1000;
  job.job.live.onOriginal = [&](const auto& scores) {
    EXPECT_TRUE(points.empty());
    original = scores;
  };
  job.job.live.onLive = [&](const LiveScores& live) { points.push_back(live); };
  const CompressOutcome outcome = compress(job.job, {}, {});
  const std::size_t layers = demo().network.layers.size();
  ASSERT_EQ(points.size(), layers + 1);
  EXPECT_EQ(original.at("top1"), outcome.result.before.at("top1"));
  for (std::size_t i = 0; i < layers; ++i) {
    EXPECT_EQ(points[i].layersDone, i + 1);
    EXPECT_FALSE(points[i].finished);
    const auto full = fullRun(outcome, i + 1);
    for (const auto& [id, estimate] : full)
      EXPECT_NEAR(points[i].value.at(id).mean, estimate.mean, 1e-6 + 1e-5 * std::abs(estimate.mean)) << id << " after " << i + 1;
  }
  EXPECT_TRUE(points.back().finished);
  EXPECT_EQ(points.back().value.at("kl"), outcome.result.after.at("kl"));
  EXPECT_EQ(points.back().difference.at("top1"), outcome.result.difference.at("top1"));
}

TEST(CompressJob, LiveEvaluationChangesNothingOfTheResult) {
  Job plain("int4+a8"), live("int4+a8");
  int points = 0;
  live.job.live.samples = demo().data.get();
  live.job.live.freeSeconds = 1000;
  live.job.live.onLive = [&](const LiveScores&) { ++points; };
  plain.job.repairs.reset();
  live.job.repairs.reset();
  expectSameBytes(compress(plain.job, {}, {}), compress(live.job, {}, {}));
  EXPECT_EQ(points, static_cast<int>(demo().network.layers.size()) + 1);
}

TEST(CompressJob, LiveEvaluationHoldsWithLittleMemory) {
  Job job("int3");
  std::vector<double> kl[2];
  for (const std::int64_t memory : {std::int64_t(768) << 20, std::int64_t(1)}) {
    auto& list = kl[memory == 1];
    job.job.live.samples = demo().data.get();
    job.job.live.freeSeconds = 1000;
    job.job.live.onLive = [&](const LiveScores& live) { list.push_back(live.value.at("kl").mean); };
    Context context;
    context.memoryLimit = memory;
    compress(job.job, context, {});
  }
  ASSERT_EQ(kl[0].size(), kl[1].size());
  for (std::size_t i = 0; i < kl[0].size(); ++i)
    EXPECT_NEAR(kl[0][i], kl[1][i], 1e-6);
}

TEST(CompressJob, ExpensiveEvaluationsAreThinnedOutButTheLastIsThere) {
  Job job("int4");
  std::vector<std::size_t> done;
  job.job.live.samples = demo().data.get();
  job.job.live.freeSeconds = 0;
  job.job.live.share = 0;
  job.job.live.onLive = [&](const LiveScores& live) { done.push_back(live.layersDone); };
  compress(job.job, {}, {});
  const std::size_t layers = demo().network.layers.size();
  EXPECT_EQ(done, (std::vector<std::size_t>{layers, layers}));  // after the last layer, and the finished network
}

TEST(CompressJob, EditsDuringTheJobApplyToLayersThatAreNotDone) {
  Job job("int4");
  std::size_t asked = 0;
  job.job.settingNow = [&](const Layer& layer) {
    EXPECT_EQ(layer.id.index, static_cast<int>(asked));
    return parseSetting(asked++ == 0 ? "int4" : "int8");
  };
  const CompressOutcome outcome = compress(job.job, {}, {});
  EXPECT_EQ(asked, demo().network.layers.size());
  EXPECT_EQ(toText(outcome.plan.layers[0].setting), "int4");
  for (std::size_t i = 1; i < outcome.plan.layers.size(); ++i) {
    EXPECT_EQ(toText(outcome.plan.layers[i].setting), "int8");
    EXPECT_EQ(outcome.plan.layers[i].bits, outcome.result.layers[i].bits);
    EXPECT_EQ(outcome.plan.layers[i].provenance, "by hand");
  }
  EXPECT_EQ(outcome.plan.predicted.count, 0);
  EXPECT_NE(outcome.plan.note, "");
  EXPECT_EQ(toText(job.plan.layers[1].setting), "int4");
}

TEST(CompressJob, AnEditMayAskForStatisticsThatThePlanDidNotNeed) {
  std::string method;
  for (const auto& compressor : builtinRegistries().compressors.all())
    if (compressor->needs().any() && compressor->stage() == CompressionStage::quantize) method = compressor->declaration().id;
  if (method.empty()) GTEST_SKIP() << "no quantiser here needs statistics";
  Job edited("int4"), planned("int4@" + method);
  edited.job.settingNow = [&](const Layer&) { return parseSetting("int4@" + method); };
  const auto a = compress(edited.job, {}, {}), b = compress(planned.job, {}, {});
  for (const auto& [id, tensor] : a.compressed.weights) {
    const Tensor x = tensor.decode(), y = b.compressed.weights.at(id).decode();
    for (std::int64_t i = 0; i < x.count(); ++i)
      ASSERT_NEAR(x.data<float>()[static_cast<std::size_t>(i)], y.data<float>()[static_cast<std::size_t>(i)], 1e-6);
  }
}

TEST(CompressJob, SkippedLayersStayAsTheyAreAndAreRecorded) {
  Job job("int4");
  std::vector<std::string> told;
  job.job.control = [](const Layer& layer) { return layer.id.index == 1 ? LayerControl::skip : LayerControl::go; };
  job.job.onLayer = [&](const LayerResult& result, std::size_t, std::size_t) {
    told.push_back(result.layer + (result.setting.isKeep() ? " kept" : ""));
  };
  const CompressOutcome outcome = compress(job.job, {}, {});
  const auto& layers = demo().network.layers.items;
  EXPECT_EQ(outcome.skipped, std::vector<std::string>{layers[1].name});
  EXPECT_FALSE(outcome.compressed.weights.contains(layers[1].weight));
  EXPECT_EQ(outcome.compressed.weights.size(), layers.size() - 1);
  EXPECT_TRUE(outcome.plan.layers[1].setting.isKeep());
  EXPECT_EQ(outcome.plan.layers[1].provenance, "skipped");
  EXPECT_EQ(outcome.plan.layers[1].bits.count, layers[1].weightCount() * 32);
  EXPECT_EQ(outcome.result.layers.size(), layers.size() - 1);
  EXPECT_EQ(told[1], layers[1].name + " kept");
}

TEST(CompressJob, AStopDuringAPauseTakesEffectWhenItEnds) {
  Job job("int4");
  Progress progress;
  int layers = 0;
  job.job.control = [&](const Layer& layer) {
    if (layer.id.index == 2) progress.requestStop();
    return LayerControl::go;
  };
  job.job.onLayer = [&](const LayerResult&, std::size_t, std::size_t) { ++layers; };
  EXPECT_THROW(compress(job.job, {}, progress), Cancelled);
  EXPECT_EQ(layers, 2);
}

TEST(CompressJob, ResumedWithLiveEvaluationGivesTheSameBytes) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("planish-job-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto project = folder / "test.planish";
  const auto run = [&](bool resume, int stopAt, const char* second) {
    Job job("int4");
    const auto journal = Journal::open(project, "compress", "plan=test\n", resume, false);
    job.job.journal = journal.get();
    job.job.live.samples = demo().data.get();
    job.job.live.onLive = [](const LiveScores&) {};
    job.job.settingNow = [&](const Layer& layer) { return parseSetting(layer.id.index == 1 ? second : "int4"); };
    Progress progress;
    job.job.control = [&](const Layer& layer) {
      if (layer.id.index == stopAt) progress.requestStop();
      return LayerControl::go;
    };
    return compress(job.job, {}, progress);
  };
  EXPECT_THROW(run(false, 2, "int8"), Cancelled);
  const CompressOutcome resumed = run(true, -1, "int6");  // edited meanwhile: that layer is made anew
  EXPECT_EQ(resumed.result.resumedFrom, 1);
  std::filesystem::remove_all(folder);
  Job plain("int4");
  plain.job.settingNow = [&](const Layer& layer) { return parseSetting(layer.id.index == 1 ? "int6" : "int4"); };
  expectSameBytes(resumed, compress(plain.job, {}, {}));
}

TEST(CompressJob, AFingerprintNamesAllThatLayersDependOn) {
  Job job("int8"), same("int8"), other("int4");
  const std::string print = fingerprintOf(job.job, {});
  EXPECT_EQ(print, fingerprintOf(same.job, {}));
  EXPECT_NE(print, fingerprintOf(other.job, {}));
  Context seeded;
  seeded.seed = 7;
  EXPECT_NE(print, fingerprintOf(job.job, seeded));
  same.job.calibration = nullptr;
  EXPECT_NE(print, fingerprintOf(same.job, {}));
  OpenedNetwork folded = demo().network;
  folded.reference.passes = {"fold-batchnorm"};
  const CompressJob onFolded{folded, job.plan, builtinRegistries(), job.job.calibration, job.job.data};
  EXPECT_NE(print, fingerprintOf(onFolded, {}));
}

}  // namespace
}  // namespace planish
