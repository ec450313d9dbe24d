#include "core/base/error.h"
#include "core/evaluation/evaluator.h"
#include "tests/core/jobs/demo_job.h"

#include <fstream>
#include <gtest/gtest.h>
#include <new>
#include <sys/resource.h>
#include <unistd.h>

namespace planish {
namespace {

/// Bytes of addresses that the process has now.
std::int64_t addressSpace() {
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

void limitAddresses(std::int64_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = bytes < 0 ? limit.rlim_max : static_cast<rlim_t>(bytes);
  ::setrlimit(RLIMIT_AS, &limit);
}

/// Ends with 0 if a job that has no memory fails as it should, and succeeds afterwards.
[[noreturn]] void runOutOfMemory() {
  const Demo many(600);
  const MeasureJob job{many.network, builtinRegistries(), {"kl"}, parseOptions("int8"), "any", many.data.get(), "digits"};
  limitAddresses(addressSpace() + (std::int64_t(1) << 20));
  int failed = 0;
  try {
    measure(job, {}, {});
  } catch (const Error& error) {
    failed = error.kind() == ErrorKind::outOfMemory ? 1 : 2;
  } catch (const std::bad_alloc&) {
    failed = 1;
  }
  limitAddresses(-1);
  const bool whole = measure(job, {}, {}).tables.at(0).rows.size() == many.network.layers.size();
  std::_Exit(failed == 1 && whole ? 0 : 10 + failed);
}

TEST(ProcessMemory, D20_AJobWithoutMemoryFailsAndTheProgramGoesOn) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory knows no limit: its allocator ends the program";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(runOutOfMemory(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace planish
