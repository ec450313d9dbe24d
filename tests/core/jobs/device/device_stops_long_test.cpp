#include "tests/core/jobs/device/device_faults.h"

#include <atomic>
#include <thread>

namespace planish {
namespace {

/// The 100 stops of the row, spread over all kernels of a job.
TEST_F(DeviceFaults, D09_StopsInEachPhaseLeaveNothingBehind) {
  const Demo few(6);
  const MeasureJob job{few.network, builtinRegistries(), {"kl"},  parseOptions("int8"),
                       "any",       few.data.get(),      "digits"};
  measure(job, onDevices(2), {});
  const std::int64_t kernels = faults().kernels, before = used();
  int stopped = 0;
  for (int i = 0; i < 100; ++i) {
    faults().kernels = 0;
    Progress progress;
    std::atomic<bool> ended{false};
    std::thread stopper([&] {
      while (!ended && faults().kernels < kernels * i / 100)
        std::this_thread::yield();
      progress.requestStop();
    });
    const auto stop = [&] {
      ended = true;
      stopper.join();
    };
    try {
      measure(job, onDevices(2), progress);
      stop();
    } catch (const Cancelled&) {
      stop();
      ++stopped;
    }
    ASSERT_EQ(used(), before) << "stop " << i;
  }
  // How many come before the job has ended depends on the machine: 64 on two cores, over 80 on sixteen.
  EXPECT_GT(stopped, 0);
}

}  // namespace
}  // namespace planish
