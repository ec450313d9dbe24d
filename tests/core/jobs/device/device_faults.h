#pragma once

#include "core/compute/device_library.h"
#include "tests/core/jobs/demo_job.h"
#include "tests/support/simulated_device/loaded_device.h"

#include <functional>
#include <gtest/gtest.h>

namespace planish {

inline Context onDevices(int count = 1) {
  Context context;
  context.device = {DeviceKind::cuda, 0};
  context.deviceCount = count;
  return context;
}

inline MeasureJob measureJob() {
  return {demo().network, builtinRegistries(), {"kl"},  parseOptions("int3,int8"),
          "any",          demo().data.get(),   "digits"};
}

using Rows = std::map<std::string, SensitivityRow>;
inline Rows rowsOf(const MeasureOutcome& outcome) {
  Rows rows;
  for (const auto& row : outcome.tables.at(0).rows)
    rows[row.layer + " " + toText(row.option)] = row;
  return rows;
}

inline void expectSame(const Rows& expected, const Rows& found) {
  ASSERT_EQ(expected.size(), found.size());
  for (const auto& [key, row] : expected)
    EXPECT_EQ(row.estimate, found.at(key).estimate) << key;
}

class DeviceFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(kChosen);
    ASSERT_NE(deviceLibrary().engines, nullptr) << deviceLibrary().problem;
    reset();
    m_project = std::filesystem::temp_directory_path() /
                ("planish_device_faults_" + std::to_string(::getpid()) + ".planish");
  }
  void TearDown() override {
    reset();
    std::filesystem::remove(Journal::pathFor(m_project));
  }
  static void reset() {
    faults().kernelsUntilLost = faults().kernelsUntilWrong = faults().memory = -1;
    faults().kernels = faults().refusals = 0;
    faults().lost = false;
  }
  /// Memory between what `body` takes with the usual pieces and with the smallest.
  static std::int64_t tooLittle(const std::function<void(const Context&)>& body) {
    std::int64_t peaks[2];
    for (int turn = 0; turn < 2; ++turn) {
      Context context = onDevices();
      if (turn) context.memoryLimit = kLeastMemory;
      deviceLibrary().engines->resetPeak(0);
      body(context);
      peaks[turn] = deviceLibrary().engines->memoryUse(0).peak;
    }
    EXPECT_LT(peaks[1], peaks[0]);
    return (peaks[0] + peaks[1]) / 2;
  }
  static std::int64_t used() { return deviceLibrary().engines->memoryUse(0).used; }

  std::filesystem::path m_project;
};

}  // namespace planish
