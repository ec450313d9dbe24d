// Forward of one network on a device, inputs and answers on it: pictures a second.
// Usage: forward_device_benchmark NETWORK.onnx [--batch N] [--precision fp32|tf32|fp16|bf16] [--seconds S] [--graphs yes|no] [--explain yes]
#include "core/compute/device_library.h"
#include "core/compute/executor.h"
#include "core/compute/passes/convert_floats.h"
#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>

namespace planish::benchmark {
namespace {

void measure(const std::string& file, std::map<std::string, std::string> options) {
  PluginRegistries plugins;
  registerBuiltinPlugins(plugins);
  const auto original = plugins.importers.get("onnx").open(file, Progress());
  const std::string precision = options["--precision"];
  Context context;
  context.device = {DeviceKind::cuda, 0};
  context.roundedProducts = precision == "tf32";
  describeDevice(0);
  const DataType type = precision == "bf16" ? DataType::bfloat16 : precision == "fp16" ? DataType::float16 : DataType::float32;
  const Network network = type == DataType::float32 ? *original : withFloats(*original, type);
  auto& engines = *deviceLibrary().engines;
  std::vector<std::int64_t> dims = network.value(network.inputs.front()).declaredShape;
  dims[0] = std::stoll(options["--batch"]);
  Tensor pictures(DataType::float32, Shape(dims));
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (float& x : pictures.writable<float>()) x = normal(random);
  const ValueMap given{{network.inputs.front(), engines.toDevice(0, cast(pictures, type))}};
  const std::vector<ValueId> wanted{network.outputs.front()};
  Executor executor(network, context);
  RunOptions how;
  how.record = options["--graphs"] != "no";
  for (int i = 0; i < 5; ++i) executor.run(given, wanted, how);
  engines.synchronize(0);
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto seconds = [](auto from, auto to) { return std::chrono::duration<double>(to - from).count(); };
  std::vector<double> times, enqueued;
  constexpr int kRuns = 20;
  for (const auto start = now(); seconds(start, now()) < std::stod(options["--seconds"]);) {
    const auto from = now();
    for (int i = 0; i < kRuns; ++i) executor.run(given, wanted, how);
    enqueued.push_back(seconds(from, now()) / kRuns);
    engines.synchronize(0);
    times.push_back(seconds(from, now()) / kRuns);
  }
  std::sort(times.begin(), times.end());
  std::sort(enqueued.begin(), enqueued.end());
  std::printf("planish %s %s batch %s%s: %.3f ms a run (%.3f ms to enqueue it), %.0f pictures/s\n", file.substr(file.rfind('/') + 1).c_str(), precision.c_str(), options["--batch"].c_str(), how.record ? "" : " without graphs",
              1e3 * times[times.size() / 2], 1e3 * enqueued[enqueued.size() / 2], std::stod(options["--batch"]) / times[times.size() / 2]);
  if (options["--explain"] == "yes")
    for (const auto& line : executor.explain()) std::printf("  %s\n", line.c_str());
  for (const auto& line : executor.offDevice()) std::printf("  on the CPU: %s\n", line.c_str());
}

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  if (count < 2) return 2;
  std::map<std::string, std::string> options{{"--batch", "256"}, {"--precision", "fp32"}, {"--seconds", "1"}};
  for (int i = 2; i + 1 < count; i += 2) options[words[i]] = words[i + 1];
  try {
    planish::benchmark::measure(words[1], options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
