// A compress job on a device whose memory does not suffice: statistics, live evaluations, repairs and judging take less at a time, then somebody chooses.
#include "tests/core/jobs/device/device_faults.h"

#include <gmock/gmock.h>

namespace planish {
namespace {

using ::testing::HasSubstr;

class CompressMemory : public DeviceFaults {
 protected:
  /// With ranges of activations, repairs that are tried, and an evaluation after every layer.
  CompressOutcome run(const Context& context) {
    m_live.clear();
    CompressJob job{demo().network, m_plan, builtinRegistries()};
    job.calibration = job.data = job.live.samples = demo().data.get();
    job.live.freeSeconds = 1000;
    job.live.onLive = [&](const LiveScores& live) { m_live.push_back(live.value.at("kl").mean); };
    job.onLayer = [&](const LayerResult&, std::size_t done, std::size_t) { m_done = done; };
    job.onNoMemory = m_question;
    return compress(job, context, Progress(m_listener));
  }

  static void expectSame(const CompressOutcome& expected, const CompressOutcome& found) {
    ASSERT_EQ(expected.compressed.weights.size(), found.compressed.weights.size());
    for (const auto& [id, tensor] : expected.compressed.weights)
      EXPECT_TRUE(std::ranges::equal(tensor.decode().bytes(), found.compressed.weights.at(id).decode().bytes()));
    EXPECT_EQ(expected.compressed.activations, found.compressed.activations);
    EXPECT_EQ(expected.compressed.repairs, found.compressed.repairs);
    EXPECT_EQ(expected.result.before, found.result.before);
    EXPECT_EQ(expected.result.after, found.result.after);
  }

  Plan m_plan = demo().plan("int3+a8");
  MemoryQuestion m_question;
  std::vector<double> m_live;
  std::size_t m_done = 0;
  Progress::Listener m_listener;
};

TEST_F(CompressMemory, D05_LessAtATimeGivesTheSameResultAndTheSameCurve) {
  const CompressOutcome expected = run(onDevices());
  const std::vector<double> curve = m_live;
  ASSERT_EQ(curve.size(), demo().network.layers.size() + 1);
  const std::int64_t memory = tooLittle([&](const Context& context) { run(context); });
  faults().memory = memory;
  std::string said;
  m_listener.onWarning = [&](std::string_view text) { said += std::string(text) + "\n"; };
  expectSame(expected, run(onDevices()));
  EXPECT_GT(faults().refusals, 0);
  EXPECT_EQ(m_live, curve) << said;
  EXPECT_THAT(said, HasSubstr("half as much at a time"));
}

TEST_F(CompressMemory, D05_WithoutAnyMemoryThereIsAChoice) {
  const CompressOutcome expected = run(onDevices()), processor = run({});
  const std::vector<double> curve = m_live;
  faults().memory = used();
  try {
    run(onDevices());
    FAIL() << "compressed without memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
    EXPECT_THAT(error.remedyText(), HasSubstr("kept"));
  }
  int asked = 0;
  m_question = [&](const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
    if (++asked == 2) faults().memory = -1;
    return MemoryChoice::tryAgain;
  };
  expectSame(expected, run(onDevices()));
  EXPECT_EQ(asked, 2);
  faults().memory = used();
  m_question = [&](const Error&) {
    ++asked;
    return MemoryChoice::processor;
  };
  expectSame(processor, run(onDevices()));
  EXPECT_EQ(m_live, curve);
  EXPECT_EQ(asked, 3) << "asked once, then everything is the processor's";
}

/// The live evaluation is worth less than the job, unless somebody is there to choose.
TEST_F(CompressMemory, D05_MemoryThatGoesBetweenLayersEndsTheCurveOrAsks) {
  m_plan = demo().plan("int3");  // needs the device for evaluations alone
  const std::size_t layers = demo().network.layers.size();
  std::size_t done = 0;
  const auto withoutMemoryFrom = [&](std::size_t layer) {
    CompressJob job{demo().network, m_plan, builtinRegistries()};
    job.live.samples = demo().data.get();
    job.live.freeSeconds = 1000;
    job.live.onLive = [&](const LiveScores& live) { m_live.push_back(live.value.at("kl").mean); };
    job.onLayer = [&](const LayerResult&, std::size_t now, std::size_t) {
      done = now;
      if (now == layer) faults().memory = 0;
    };
    job.onNoMemory = m_question;
    m_live.clear();
    return compress(job, onDevices(), Progress(m_listener));
  };
  std::string said;
  m_listener.onWarning = [&](std::string_view text) { said += std::string(text) + "\n"; };
  EXPECT_EQ(withoutMemoryFrom(3).result.layers.size(), layers);
  EXPECT_THAT(said, HasSubstr("no more live evaluation"));
  EXPECT_EQ(m_live.size(), 2u);
  faults().memory = -1;
  m_question = [](const Error&) { return MemoryChoice::end; };
  EXPECT_THROW(withoutMemoryFrom(3), Error);
  EXPECT_EQ(done, 3u);
  faults().memory = -1;
  m_question = [](const Error&) { return MemoryChoice::processor; };
  EXPECT_EQ(withoutMemoryFrom(3).result.layers.size(), layers);
  EXPECT_EQ(m_live.size(), layers + 1);
}

/// Singular vectors need their memory at one time.
TEST_F(CompressMemory, D05_WithoutMemoryForSingularVectorsThereIsAChoice) {
  m_plan = demo().plan("keep+r50%@svd");
  const auto withoutMemoryFrom = [&](std::size_t layer) {
    CompressJob job{demo().network, m_plan, builtinRegistries()};
    job.repairs = std::vector<std::string>{};
    job.onLayer = [&](const LayerResult&, std::size_t now, std::size_t) {
      if (now == layer) faults().memory = used();
    };
    job.onNoMemory = m_question;
    return compress(job, onDevices(), Progress(m_listener));
  };
  const CompressOutcome expected = withoutMemoryFrom(1000);
  try {
    withoutMemoryFrom(3);
    FAIL() << "factorised without memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
  }
  faults().memory = -1;
  int asked = 0;
  m_question = [&](const Error&) {
    ++asked;
    return MemoryChoice::processor;
  };
  const CompressOutcome found = withoutMemoryFrom(3);
  EXPECT_EQ(asked, 1);
  for (const auto& [id, tensor] : expected.compressed.weights)
    EXPECT_TRUE(std::ranges::equal(tensor.decode().bytes(), found.compressed.weights.at(id).decode().bytes()));
}

}  // namespace
}  // namespace planish
