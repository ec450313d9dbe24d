#include "core/sensitivity/measured_sweep.h"

#include "core/jobs/open_job.h"
#include "plugins/builtin_plugins.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace planish {
namespace {

const PluginRegistries& registries() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

/// The small demo network on its first test pictures.
struct Digits {
  static constexpr std::int64_t kSamples = 40;
  OpenedNetwork opened;
  std::unique_ptr<BatchSource> data;
  std::vector<Setting> options = parseOptions("int2,int4,int8+a8,keep+a8,keep");

  Digits() {
    const std::filesystem::path folder = PLANISH_SOURCE_DIR "/resources/demo";
    std::filesystem::path network, samples;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("digits") && name.ends_with(".onnx")) network = entry.path();
      if (name == "digits.npz") samples = entry.path();
    }
    opened = openNetwork(network, {}, registries(), {});
    Preprocessing how;
    how.scale = 1.0 / 16;
    how.mean = {0.3};
    how.std = {0.37};
    DatasetRequest request{samples, "test_x", "test_y"};
    data = openData(*opened.network, request, how, kSamples, 16, registries()).source;
  }

  MeasureInput input() const {
    return {*opened.network, opened.layers, std::vector(opened.layers.size(), options), data.get(), registries().compressors, registries().scores, {}, {}};
  }
};

const Digits& digits() {
  static const Digits* const opened = new Digits;
  return *opened;
}

using Rows = std::map<std::string, std::vector<SensitivityRow>>;

Rows sweep(const MeasureInput& input, const std::string& score, SweepParameters parameters, const Context& context, MeasureWork* work = nullptr) {
  Rows rows;
  MeasuredSweep measured(input, registries().scores.get(score), parameters, context);
  const MeasureWork done = measured.run([&](const Layer& layer, const std::vector<SensitivityRow>& found) { rows[layer.name] = found; }, {});
  if (work) *work = done;
  return rows;
}

Context withThreads(int threads, std::int64_t memory = std::int64_t(768) << 20) {
  Context context;
  context.threads = threads;
  context.memoryLimit = memory;
  return context;
}

/// The same cell by running the whole network on each batch.
Estimate fullRun(const std::string& scoreId, const Layer& layer, const Setting& option) {
  const auto& network = *digits().opened.network;
  const auto& score = registries().scores.get(scoreId);
  const MeasureInput input = digits().input();
  OptionLevels levels(input, {});
  WeightOverlay overlay;
  for (const auto& level : levels.of(layer, {}))
    if (level.option == option && level.matrix.defined()) overlay[layer.weight] = weightOf(network, layer, level);
  ValueTransforms transforms;
  if (option.activationBits > 0) {
    std::map<ValueId, StatisticsNeeds> needs;
    for (const ValueId value : activationValues(network, digits().opened.layers, {layer.id})) needs[value].ranges = true;
    const Statistics ranges = collectStatistics(network, digits().opened.layers, {}, needs, *digits().data, {}, {}, {});
    ActivationFormats formats;
    for (const auto& [value, need] : needs) formats[value] = chooseFormat(*ranges.value(value), option.activationBits, RangeRule::mse);
    transforms = simulation(formats);
  }
  std::vector<double> original, candidate;
  Executor executor(network, {});
  const std::vector<ValueId> wanted{network.outputs.front()};
  for (std::int64_t b = 0; b < digits().data->batchCount(); ++b) {
    const Batch batch = digits().data->batch(b);
    const Tensor before = toFloat(executor.run(batch.inputs, wanted).at(wanted[0]));
    RunOptions options;
    options.overlay = &overlay;
    if (!transforms.empty()) options.transforms = &transforms;
    const Tensor after = toFloat(executor.run(batch.inputs, wanted, options).at(wanted[0]));
    for (const double v : score.perSample({before, &before, batch.labels})) original.push_back(v);
    for (const double v : score.perSample({after, &before, batch.labels})) candidate.push_back(v);
  }
  return estimateOf(damage(score, original, candidate));
}

TEST(MeasuredSweep, GivesTheNumbersOfFullRuns) {
  for (const std::string score : {"kl", "loss"}) {
    MeasureWork work;
    const Rows rows = sweep(digits().input(), score, {}, withThreads(2), &work);
    ASSERT_EQ(rows.size(), digits().opened.layers.size());
    for (const auto& layer : digits().opened.layers.items)
      for (const auto& row : rows.at(layer.name)) {
        const Estimate full = fullRun(score, layer, row.option);
        const std::string what = score + " " + layer.name + " " + toText(row.option);
        if (row.option.activationBits == 0) {
          EXPECT_EQ(row.estimate, full) << what << ": " << row.estimate.mean << " and " << full.mean;
        } else {
          // A full run does not fuse what makes a quantised value; the kept value was made fused, so a code may round the other way.
          EXPECT_NEAR(row.estimate.mean, full.mean, 1e-3 * std::abs(full.mean) + 1e-7) << what;
        }
        EXPECT_EQ(row.estimate.count, Digits::kSamples);
      }
    const auto cells = static_cast<double>(digits().opened.layers.size() * digits().options.size());
    EXPECT_LT(work.fullRunsEquivalent, 0.8 * cells);
    EXPECT_GT(work.fullRunsEquivalent, 0.2 * cells);
    EXPECT_EQ(work.cells, static_cast<std::int64_t>(cells));
  }
}

TEST(MeasuredSweep, KeepChangesNothingAndFewerBitsHurtMore) {
  const Rows rows = sweep(digits().input(), "kl", {}, withThreads(1));
  double two = 0, four = 0;
  for (const auto& [layer, cells] : rows) {
    two += cells[0].estimate.mean;
    four += cells[1].estimate.mean;
    EXPECT_EQ(cells[4].estimate.mean, 0) << layer;
    EXPECT_EQ(cells[4].bits.count, digits().opened.layers.find(layer)->weightCount() * 32);
    EXPECT_LT(cells[0].bits.count, cells[1].bits.count);
  }
  EXPECT_GT(two, four);
  EXPECT_GT(four, 0);
}

TEST(MeasuredSweep, NumbersDoNotDependOnThreadsOrMemory) {
  const Rows expected = sweep(digits().input(), "kl", {}, withThreads(1));
  EXPECT_EQ(sweep(digits().input(), "kl", {}, withThreads(3)), expected);
  EXPECT_EQ(sweep(digits().input(), "kl", {}, withThreads(2, 100000)), expected) << "only late cuts fit";
  EXPECT_EQ(sweep(digits().input(), "kl", {}, withThreads(2, 1)), expected) << "nothing fits";
}

TEST(MeasuredSweep, NumbersDoNotDependOnHowManySamplesRunAtOnce) {
  const Rows expected = sweep(digits().input(), "kl", {}, withThreads(1));
  for (const std::int64_t atOnce : {3, 7}) {
    SweepParameters parameters;
    parameters.samplesAtOnce = atOnce;
    EXPECT_EQ(sweep(digits().input(), "kl", parameters, withThreads(2)), expected) << atOnce << " at once";
  }
}

TEST(MeasuredSweep, ResumesBehindLayersThatAreDone) {
  const Rows expected = sweep(digits().input(), "kl", {}, withThreads(2));
  MeasureInput rest = digits().input();
  Rows rows;
  for (std::size_t i = 0; i < digits().opened.layers.size() / 2; ++i) {
    const auto& name = digits().opened.layers.items[i].name;
    rest.done.insert(name);
    rows[name] = expected.at(name);
  }
  const Rows others = sweep(rest, "kl", {}, withThreads(2));
  for (const auto& [name, cells] : others) EXPECT_TRUE(rows.emplace(name, cells).second) << name << " was measured again";
  EXPECT_EQ(rows, expected);
}

TEST(MeasuredSweep, AStopKeepsTheRowsThatWentOut) {
  const Progress progress;
  int layers = 0;
  const MeasureInput input = digits().input();
  MeasuredSweep measured(input, registries().scores.get("kl"), {}, withThreads(2));
  EXPECT_THROW(measured.run([&](const Layer&, const std::vector<SensitivityRow>&) { if (++layers == 2) progress.requestStop(); }, progress), Cancelled);
  EXPECT_EQ(layers, 2);
}

TEST(MeasuredSweep, KeepingTheMomentsHelpsWhereBitsAreFew) {
  SweepParameters plain, kept;
  kept.kept = KeptMoments::meanAndVariance;
  double without = 0, with = 0;
  const Rows a = sweep(digits().input(), "kl", plain, withThreads(2)), b = sweep(digits().input(), "kl", kept, withThreads(2));
  for (const auto& [layer, cells] : a) {
    without += cells[0].estimate.mean;
    with += b.at(layer)[0].estimate.mean;
    EXPECT_NEAR(b.at(layer)[4].estimate.mean, 0, 1e-6) << "nothing to correct in what is kept";
  }
  EXPECT_LT(with, without);
}

TEST(MeasuredSweep, WithoutLabelsALossIsRefused) {
  MeasureInput input = digits().input();
  input.calibration = nullptr;
  EXPECT_THROW(MeasuredSweep(input, registries().scores.get("kl"), {}, {}), Error);
}

}  // namespace
}  // namespace planish
