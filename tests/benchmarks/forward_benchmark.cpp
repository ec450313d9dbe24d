// forward_benchmark FILE BATCH THREADS SECONDS [--parallel[=PIECE] | --reference | --explain]
// Prints as JSON how many pictures a second the network takes, best of the passes that fit into the time; and how many a second of
// processor time, all threads together, which other programs on the machine disturb less. --parallel: as many
// executors as threads, of one thread each, which take the batch in pieces as evaluation does it (or --parallel=PIECE).
#include "core/base/parallel.h"
#include "core/compute/executor.h"
#include "core/evaluation/samples_at_once.h"
#include "plugins/builtin_plugins.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

using namespace planish;

namespace {

std::shared_ptr<const Network> open(const std::string& path) {
  PluginRegistries registries;
  registerBuiltinPlugins(registries);
  for (const auto& importer : registries.importers.all())
    if (importer->canOpen(path)) return importer->open(path, Progress());
  throw Error(ErrorKind::unsupported, "no importer takes the file").in(path);
}

Tensor pictures(const Network& network, std::int64_t batch) {
  const auto& input = network.value(network.inputs.at(0));
  auto dims = input.declaredShape;
  dims.at(0) = batch;
  Tensor tensor(DataType::float32, Shape(dims));
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (auto& value : tensor.writable<float>()) value = normal(random);
  return tensor;
}

double secondsNow() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double processorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

int measure(const std::string& path, std::int64_t batch, int threads, double seconds, const std::string& mode) {
  const auto network = open(path);
  const bool parallel = mode.starts_with("--parallel");
  const int executors = parallel ? static_cast<int>(std::min<std::int64_t>(threads, batch)) : 1;
  Context context;
  context.threads = parallel ? 1 : threads;
  std::vector<std::unique_ptr<Executor>> list;
  for (int i = 0; i < executors; ++i) list.push_back(mode == "--reference" ? std::make_unique<Executor>(*network, context, referenceKernels()) : std::make_unique<Executor>(*network, context));
  const ValueId input = network->inputs.at(0);
  std::int64_t piece = batch;
  if (mode.starts_with("--parallel=")) piece = std::max(1L, std::atol(mode.c_str() + 11));
  else if (parallel) piece = std::min(samplesAtOnce(*network, {{input, pictures(*network, 1).shape()}}, batch), (batch + executors - 1) / executors);
  std::vector<ValueMap> given;
  for (std::int64_t first = 0; first < batch; first += piece) given.push_back({{input, pictures(*network, std::min(piece, batch - first))}});
  const auto pass = [&] {
    std::atomic<std::size_t> next{0};
    parallelFor(executors, executors, 1, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t i = from; i < to; ++i)
        for (std::size_t k = next++; k < given.size(); k = next++) list[static_cast<std::size_t>(i)]->run(given[k], network->outputs);
    });
  };
  pass();
  if (mode == "--explain")
    for (const auto& line : list[0]->explain()) std::printf("%s\n", line.c_str());
  double best = 1e30, bestProcessor = 1e30;
  int passes = 0;
  for (const double start = secondsNow(); secondsNow() - start < seconds || passes < 2; ++passes) {
    const double before = secondsNow(), processorBefore = processorSeconds();
    pass();
    best = std::min(best, secondsNow() - before);
    bestProcessor = std::min(bestProcessor, processorSeconds() - processorBefore);
  }
  std::printf("{\"batch\": %ld, \"threads\": %d, \"passes\": %d, \"pictures_per_second\": %.1f, \"pictures_per_processor_second\": %.1f, \"peak_bytes\": %ld}\n", static_cast<long>(batch), threads, passes,
              static_cast<double>(batch) / best, static_cast<double>(batch) / bestProcessor, static_cast<long>(list[0]->peakBytes()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: forward_benchmark FILE BATCH THREADS SECONDS [--parallel[=PIECE] | --reference | --explain]\n");
    return 2;
  }
  try {
    return measure(argv[1], std::atol(argv[2]), std::atoi(argv[3]), std::atof(argv[4]), argc > 5 ? argv[5] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
