#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace planish::cli {

/// Everything that can be said on the command line; each command reads its part.
struct Options {
  std::string command;
  // what to work on
  std::string network, project, reference, planFile;
  // data
  std::string data, calibration, x, y, calibrationX, calibrationY, preprocessFile;
  std::optional<std::int64_t> limit, calibrationLimit;
  std::int64_t batch = 64;
  std::string layout, channels, mean, std, resize, crop;
  std::vector<std::string> inputs;
  std::optional<double> scale;
  // measure and plan
  std::vector<std::string> metrics;
  std::string options = "weights";
  std::string budget, solver = "exact", planName, target, repair;
  std::vector<std::string> locks, parameters, metricParameters, passes;
  // export
  std::string to;
  // how to run
  std::string device = "cpu";
  int threads = 0;  ///< 0: all cores
  std::uint64_t seed = 0;
  bool json = false, jsonl = false, quiet = false, dryRun = false, force = false, resume = false;
  std::string checksums = "warn";
  std::string pluginFolder;
};

/// What parsing the command line came to.
struct Parsed {
  Options options;
  std::optional<int> exitNow;  ///< help or version was asked for
  std::string text;            ///< what to print then
};

/// Throws Error(usage).
Parsed parse(int argc, char** argv);

}  // namespace planish::cli
