// The measured sweep of a network on the CPU and on devices, in one run: the two tables and the seconds.
// Usage: sweep_device_benchmark [--network mobilenetv2|vit|resnet20] [--options LIST] [--samples N] [--threads N] [--devices 1,2] [--cpu yes|no] [--every N]
// --every N: each Nth layer only, on both sides.
#include "core/compute/device_library.h"
#include "core/sensitivity/option_levels.h"
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

#include <cmath>
#include <cstring>
#include <sstream>

namespace planish::benchmark {
namespace {

using Rows = std::map<std::string, SensitivityRow>;
using Arguments = std::map<std::string, std::string>;

struct Swept {
  Rows rows;
  double seconds = 0;
};

Swept sweep(Arguments arguments, const Context& context, const char* what) {
  PluginRegistries plugins;
  registerBuiltinPlugins(plugins);
  const OpenedNetwork opened = openNetwork(assets() / ("cifar10/" + arguments["--network"] + ".onnx"), {"fold-constants"}, plugins, {});  // transposed weights become layers
  const auto data = openData(*opened.network, {assets() / "cifar10/calibration.npz", {}, {}}, cifarPreprocessing(), std::stoll(arguments["--samples"]), 64, plugins).source;
  const SensitivityMetric& metric = plugins.metrics.get("kl");
  const ParameterValues parameters(metric.declaration());
  const auto options = parseOptions(arguments["--options"]);
  std::set<std::string> done;
  std::size_t index = 0;
  for (const auto& layer : opened.layers.items)
    if (index++ % std::stoull(arguments["--every"]) != 0) done.insert(layer.name);
  MeasureInput input{*opened.network, opened.layers, std::vector(opened.layers.size(), options), data.get(), plugins.compressors, plugins.scores, {}, done};
  Swept result;
  const auto start = std::chrono::steady_clock::now();
  const MeasureWork work = metric.measure(input, parameters, [&](const Layer&, const std::vector<SensitivityRow>& rows) {
    for (const auto& row : rows) result.rows[row.layer + " " + toText(row.option)] = row;
  }, context, {});
  result.seconds = secondsSince(start);
  std::printf("%s %s: %lld cells of %s samples, %d threads: %.2f s, %.1f full runs' worth\n", arguments["--network"].c_str(), what, static_cast<long long>(work.cells),
              arguments["--samples"].c_str(), context.threads, result.seconds, work.fullRunsEquivalent);
  if (context.device.kind != DeviceKind::cpu) {
    const auto began = std::chrono::steady_clock::now();
    OptionLevels levels(input, context);
    levels.prepare({});
    const double statistics = secondsSince(began);
    std::vector<const Layer*> layers;
    for (const auto& layer : opened.layers.items)
      if (!done.contains(layer.name)) layers.push_back(&layer);
    levels.of(layers, {});
    std::printf("  of which statistics %.2f s, weights of the options %.2f s; device memory at most %.0f MiB\n", statistics, secondsSince(began) - statistics,
                static_cast<double>(deviceLibrary().engines->memoryUse(context.device.index).peak) / (1 << 20));
  }
  std::fflush(stdout);
  return result;
}

/// Differences between two tables in the standard errors of their cells.
void compare(const Rows& expected, const Rows& found) {
  double worst = 0, sum = 0, relative = 0;
  std::string where;
  std::size_t differentBits = 0;
  for (const auto& [key, row] : expected) {
    const auto& other = found.at(key);
    const double error = std::abs(row.estimate.mean - other.estimate.mean) / std::max(row.estimate.standardError, 1e-12);
    sum += error;
    relative = std::max(relative, std::abs(row.estimate.mean - other.estimate.mean) / std::max(std::abs(row.estimate.mean), 1e-5));
    if (error > worst) worst = error, where = key;
    differentBits += row.bits != other.bits;
  }
  std::printf("  cells apart by at most %.3f standard errors (%s), %.4f on average, at most %.2e of the value; bytes differ in %zu\n", worst, where.c_str(),
              sum / static_cast<double>(expected.size()), relative, differentBits);
}

void run(Arguments arguments) {
  Context processor;
  processor.threads = std::stoi(arguments["--threads"]);
  std::vector<std::pair<int, Swept>> onDevices;
  std::istringstream list(arguments["--devices"]);
  for (std::string word; std::getline(list, word, ',');) {
    Context context = processor;
    context.device = {DeviceKind::cuda, 0};
    context.deviceCount = std::stoi(word);
    const std::string name = describeDevice(context.deviceCount - 1).name + " x " + word;
    if (onDevices.empty()) {  // starts the driver and loads the kernels
      Arguments little = arguments;
      little["--every"] = "20";
      sweep(little, context, "warm-up");
    }
    onDevices.emplace_back(context.deviceCount, sweep(arguments, context, name.c_str()));
    if (onDevices.size() > 1) {
      compare(onDevices.front().second.rows, onDevices.back().second.rows);
      std::printf("  %d devices / %d: %.2f times as fast\n", context.deviceCount, onDevices.front().first, onDevices.front().second.seconds / onDevices.back().second.seconds);
    }
  }
  if (arguments["--cpu"] != "yes") return;
  const Swept cpu = sweep(arguments, processor, "CPU");
  for (const auto& [count, swept] : onDevices) {
    compare(cpu.rows, swept.rows);
    std::printf("  CPU / %d devices: %.2f s / %.2f s = %.1f\n", count, cpu.seconds, swept.seconds, cpu.seconds / swept.seconds);
  }
}

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  planish::benchmark::Arguments arguments{{"--network", "mobilenetv2"}, {"--options", "int8,int6,int5,int4,int3,int2"}, {"--samples", "512"}, {"--threads", "2"},
                                          {"--devices", "1"},           {"--cpu", "yes"},                               {"--every", "1"}};
  for (int i = 1; i + 1 < count; i += 2) arguments[words[i]] = words[i + 1];
  try {
    planish::benchmark::run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
