#pragma once

#include "core/jobs/open_job.h"
#include "core/evaluation/evaluator.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace planish::benchmark {

/// The folder with networks and data that are not part of the repository: PLANISH_ASSETS, or ../shared/assets beside the sources.
inline std::filesystem::path assets() {
  const char* given = std::getenv("PLANISH_ASSETS");
  return given ? std::filesystem::path(given) : std::filesystem::path(PLANISH_SOURCE_DIR "/../shared/assets");
}

inline double secondsSince(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

/// Seconds of processor time of this process so far, all its threads together; other programs disturb it less than the clock.
inline double processorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Most memory of this process so far, in MiB.
inline double peakMebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

inline Preprocessing cifarPreprocessing() {
  Preprocessing how;
  how.scale = 1.0 / 255;
  how.mean = {.485, .456, .406};
  how.std = {.229, .224, .225};
  return how;
}

}  // namespace planish::benchmark
