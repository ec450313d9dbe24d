// The measured sweep of the CIFAR MobileNetV2 (53 layers x 6 options x 512 pictures) against a plain script that runs the whole network
// in ONNX Runtime for each cell. Usage: sweep_benchmark [--every N] [--samples N] [--threads N] [--batch N] [--options LIST]
// [--script yes|no]
// --every N: the script measures each Nth layer only and its time is scaled up (printed as such); ours always measures all.
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

#include <array>

namespace planish::benchmark {
namespace {

struct Arguments {
  std::string every = "8", samples = "512", threads = "2", batch = "0", options = "int8,int6,int5,int4,int3,int2", script = "yes";
};

double runOurs(const Arguments& arguments) {
  PluginRegistries plugins;
  registerBuiltinPlugins(plugins);
  Context context;
  context.threads = std::stoi(arguments.threads);
  const OpenedNetwork opened = openNetwork(assets() / "cifar10/mobilenetv2.onnx", {}, plugins, {});
  const auto data = openData(*opened.network, {assets() / "cifar10/calibration.npz", {}, {}}, cifarPreprocessing(), std::stoll(arguments.samples), 64, plugins).source;
  const SensitivityMetric& metric = plugins.metrics.get("kl");
  ParameterValues parameters(metric.declaration());
  parameters.set("batch", std::string_view(arguments.batch));
  const auto options = parseOptions(arguments.options);
  MeasureInput input{*opened.network, opened.layers, std::vector(opened.layers.size(), options), data.get(), plugins.compressors, plugins.scores, {}, {}};
  const double processorBefore = processorSeconds();
  const auto start = std::chrono::steady_clock::now();
  const MeasureWork work = metric.measure(input, parameters, [](const Layer&, const std::vector<SensitivityRow>&) {}, context, {});
  const double seconds = secondsSince(start);
  std::printf("planish: %lld cells of %s samples, %s threads: %.1f s, %.1f s of processor, %.1f full runs' worth (of %lld), peak resident memory %.0f MiB\n",
              static_cast<long long>(work.cells), arguments.samples.c_str(), arguments.threads.c_str(), seconds, processorSeconds() - processorBefore, work.fullRunsEquivalent,
              static_cast<long long>(work.cells), peakMebibytes());
  std::fflush(stdout);
  return seconds;
}

double runScript(const Arguments& arguments) {
  const std::string command = std::string("'") + PLANISH_BINARY_DIR "/venv/bin/python' '" PLANISH_SOURCE_DIR "/tests/benchmarks/plain_sweep.py' '" +
                              (assets() / "cifar10/mobilenetv2.onnx").string() + "' '" + (assets() / "cifar10/calibration.npz").string() + "' --samples " +
                              arguments.samples + " --threads " + arguments.threads + " --every " + arguments.every;
  FILE* output = popen(command.c_str(), "r");
  if (!output) return 0;
  double seconds = 0;
  std::array<char, 512> line;
  while (std::fgets(line.data(), line.size(), output)) {
    if (std::sscanf(line.data(), "seconds %lf", &seconds) != 1) std::printf("script: %s", line.data());
  }
  return pclose(output) == 0 ? seconds : 0;
}

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  planish::benchmark::Arguments arguments;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i];
    if (name == "--every") arguments.every = words[i + 1];
    if (name == "--samples") arguments.samples = words[i + 1];
    if (name == "--threads") arguments.threads = words[i + 1];
    if (name == "--batch") arguments.batch = words[i + 1];
    if (name == "--options") arguments.options = words[i + 1];
    if (name == "--script") arguments.script = words[i + 1];
  }
  try {
    const double ours = planish::benchmark::runOurs(arguments);
    if (arguments.script != "yes") return 0;
    const double theirs = planish::benchmark::runScript(arguments);
    if (theirs <= 0) {
      std::fprintf(stderr, "the script did not run\n");
      return 1;
    }
    std::printf("script / planish: %.1f s / %.1f s = %.2f\n", theirs, ours, theirs / ours);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
