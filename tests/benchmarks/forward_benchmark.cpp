// forward_benchmark FILE BATCH THREADS SECONDS [--parallel | --reference | --explain]
// Prints as JSON how many pictures a second the network takes, best of the passes that fit into the time; and how many a second of
// processor time, all threads together, which other programs on the machine disturb less. --parallel: as many
// executors as threads, each with its share of the batch and one thread, as evaluation does it.
#include "core/base/parallel.h"
#include "core/compute/executor.h"
#include "plugins/builtin_plugins.h"

#include <algorithm>
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
  const bool parallel = mode == "--parallel";
  const int executors = parallel ? static_cast<int>(std::min<std::int64_t>(threads, batch)) : 1;
  Context context;
  context.threads = parallel ? 1 : threads;
  std::vector<std::unique_ptr<Executor>> list;
  std::vector<ValueMap> given;
  for (int i = 0; i < executors; ++i) {
    list.push_back(mode == "--reference" ? std::make_unique<Executor>(*network, context, referenceKernels()) : std::make_unique<Executor>(*network, context));
    given.push_back({{network->inputs.at(0), pictures(*network, batch * (i + 1) / executors - batch * i / executors)}});
  }
  const auto pass = [&] {
    parallelFor(executors, executors, 1, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t i = from; i < to; ++i) list[static_cast<std::size_t>(i)]->run(given[static_cast<std::size_t>(i)], network->outputs);
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
    std::fprintf(stderr, "usage: forward_benchmark FILE BATCH THREADS SECONDS [--parallel | --reference | --explain]\n");
    return 2;
  }
  try {
    return measure(argv[1], std::atol(argv[2]), std::atoi(argv[3]), std::atof(argv[4]), argc > 5 ? argv[5] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
