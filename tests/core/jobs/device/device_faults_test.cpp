#include "tests/core/jobs/device/device_faults.h"

#include "core/base/error.h"
#include "core/evaluation/evaluator.h"

#include <gmock/gmock.h>

// Rows of the catalogue that need a device which fails; the simulated one runs on any machine.
namespace planish {
namespace {

using ::testing::HasSubstr;

TEST_F(DeviceFaults, TheSimulatedDeviceMeasuresWhatTheProcessorMeasures) {
  const Rows one = rowsOf(measure(measureJob(), onDevices(), {}));
  EXPECT_GT(faults().kernels, 100);
  expectSame(one, rowsOf(measure(measureJob(), onDevices(2), {})));
  const Rows processor = rowsOf(measure(measureJob(), {}, {}));
  EXPECT_EQ(one.size(), processor.size());
}

TEST(DeviceLibraryFaults, D02_ADriverThatIsTooOldIsAReasonWithBothVersions) {
  ::setenv("SIMULATED_OLD_DRIVER", "yes", 1);
  const DeviceLibrary library = loadDeviceLibrary(kLibrary, kLibrary);
  ::unsetenv("SIMULATED_OLD_DRIVER");
  EXPECT_EQ(library.engines, nullptr);
  EXPECT_THAT(library.problem, HasSubstr("12.4"));
  EXPECT_THAT(library.problem, HasSubstr("13.0"));
}

TEST(DeviceLibraryFaults, D03_D19_WhatTheDriverAnswersIsPassedOn) {
  for (const auto& [status, text] :
       {std::pair("100", "100 (no device)"), {"46", "error 46"}, {"801", "error 801"}}) {
    ::setenv("SIMULATED_DRIVER", status, 1);
    const DeviceLibrary library = loadDeviceLibrary(kLibrary, kLibrary);
    ::unsetenv("SIMULATED_DRIVER");
    EXPECT_EQ(library.engines, nullptr);
    EXPECT_THAT(library.problem, HasSubstr(text));
  }
}

TEST_F(DeviceFaults, D04_ADeviceThatIsNearlyFullTakesSmallerPieces) {
  const Candidate candidate{demo().network.network.get()};
  const Tensor expected = answers(candidate, *demo().data, onDevices(), {});
  const std::int64_t memory =
      tooLittle([&](const Context& context) { answers(candidate, *demo().data, context, {}); });
  faults().memory = memory;
  const Tensor found = answers(candidate, *demo().data, onDevices(), {});
  EXPECT_GT(faults().refusals, 0);
  EXPECT_TRUE(std::ranges::equal(expected.bytes(), found.bytes()));
}

TEST_F(DeviceFaults, D05_NoMemoryInTheMiddleIsTriedAgainWithLess) {
  const Demo many(240);  // so that samples take more memory than weights
  MeasureJob job = measureJob();
  job.calibration = many.data.get();
  const Rows expected = rowsOf(measure(job, onDevices(), {}));
  const std::int64_t memory = tooLittle([&](const Context& context) { measure(job, context, {}); });
  faults().memory = memory;
  std::set<std::string> seen;
  job.onRows = [&](const std::string&, const Layer& layer, const std::vector<SensitivityRow>&) {
    EXPECT_TRUE(seen.insert(layer.name).second) << layer.name << " was measured twice";
  };
  const MeasureOutcome outcome = measure(job, onDevices(), {});
  EXPECT_GT(faults().refusals, 0);
  expectSame(expected, rowsOf(outcome));
}

TEST_F(DeviceFaults, D05_WithoutAnyMemoryThereIsAChoice) {
  const Rows expected = rowsOf(measure(measureJob(), onDevices(), {}));
  const Rows processor = rowsOf(measure(measureJob(), {}, {}));
  MeasureJob job = measureJob();
  faults().memory = used();
  try {
    measure(job, onDevices(), {});
    FAIL() << "measured without memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
    EXPECT_THAT(error.remedyText(), HasSubstr("kept"));
  }
  int asked = 0;
  job.onNoMemory = [&](const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
    if (++asked == 2) faults().memory = -1;
    return MemoryChoice::tryAgain;
  };
  expectSame(expected, rowsOf(measure(job, onDevices(), {})));
  EXPECT_EQ(asked, 2);
  faults().memory = used();
  job.onNoMemory = [](const Error&) { return MemoryChoice::processor; };
  expectSame(processor, rowsOf(measure(job, onDevices(), {})));
  job.onNoMemory = [](const Error&) { return MemoryChoice::end; };
  EXPECT_THROW(measure(job, onDevices(), {}), Error);
}

TEST_F(DeviceFaults, D06_ALostDeviceEndsTheJobWhichGoesOnOnTheProcessor) {
  const Rows device = rowsOf(measure(measureJob(), onDevices(), {}));
  const std::int64_t kernels = faults().kernels;
  const Rows processor = rowsOf(measure(measureJob(), {}, {}));
  MeasureJob job = measureJob();
  faults().kernels = 0;
  faults().kernelsUntilLost = kernels * 6 / 10;
  {
    const auto journal = Journal::open(m_project, "measure", fingerprintOf(job, onDevices()), false, true);
    job.journal = journal.get();
    try {
      measure(job, onDevices(), {});
      FAIL() << "measured on a lost device";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::noDevice);
      EXPECT_FALSE(error.remedyText().empty());
    }
  }
  EXPECT_THROW(describeDevice(0), Error);
  const auto journal = Journal::open(m_project, "measure", fingerprintOf(job, {}), true, false);
  const std::size_t finished = journal->rows().size();
  EXPECT_GT(finished, 0u);
  EXPECT_LT(finished, demo().network.layers.size());
  std::set<std::string> before;
  for (const auto& [key, rows] : journal->rows())
    before.insert(rows.front().layer);
  job.journal = journal.get();
  const Rows found = rowsOf(measure(job, {}, {}));
  ASSERT_EQ(found.size(), processor.size());
  for (const auto& [key, row] : found)
    EXPECT_EQ(row.estimate, (before.contains(row.layer) ? device : processor).at(key).estimate) << key;
}

TEST_F(DeviceFaults, D14_ADeviceThatComputesSomethingElseIsNoticed) {
  faults().kernelsUntilWrong = 0;
  try {
    measure(measureJob(), onDevices(), {});
    FAIL() << "wrong answers were taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_THAT(error.what(), HasSubstr("other answers than the CPU"));
  }
}

}  // namespace
}  // namespace planish
