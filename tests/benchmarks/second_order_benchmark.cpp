// Top-1 of the CIFAR networks with every layer under one setting: GPTQ against rounding, SparseGPT and Wanda against magnitude.
// Usage: second_order_benchmark [--networks A,B] [--settings A,B] [--samples N] [--judge N] [--threads N] [--device cpu|cuda] [--sequential yes|no|block]
// [--repair ID] [--set COMPRESSOR.NAME=VALUE]... Settings are as on the command line of planish-cli. Sequential: the statistics of a layer
// (or of the layers of one block) are collected with everything in front of it compressed. With --table FILE --bytes N: in place of --settings,
// the exact plan of that size from a table as mixed_precision_benchmark writes it, as it is and with every layer made by gptq.
#include "core/allocation/exact_resolver.h"
#include "core/compression/compressed_network.h"
#include "core/compression/compressor.h"
#include "core/compression/repair.h"
#include "core/compute/device_library.h"
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

#include <fstream>
#include <functional>
#include <sstream>

namespace planish::benchmark {
namespace {

struct Arguments {
  std::vector<std::string> networks = {"mobilenetv2", "vit", "resnet20"};
  std::vector<Setting> settings = parseOptions("int4,int4@gptq,int3,int3@gptq,int2,int2@gptq");
  std::int64_t samples = 512, judge = -1;
  int threads = 2;
  bool onDevice = false;
  std::string sequential = "no", repair, table;
  std::int64_t bytes = 0;
  MethodParameters parameters;
};

class Networks {
 public:
  explicit Networks(const Arguments& arguments) : m_arguments(arguments) {
    registerBuiltinPlugins(m_plugins);
    m_context.threads = arguments.threads;
    if (!arguments.onDevice) return;
    m_context.device = {DeviceKind::cuda, 0};
    std::printf("%s\n", describeDevice(0).name.c_str());
  }

  void run() {
    for (const auto& name : m_arguments.networks) {
      m_opened = openNetwork(assets() / "cifar10" / (name + ".onnx"), {"fold-constants"}, m_plugins, {});  // transposed weights become layers
      m_calibration = open("calibration.npz", m_arguments.samples);
      const auto test = open("test.npz", m_arguments.judge);
      const Tensor reference = answers({m_opened.network.get(), nullptr, nullptr}, *test, m_context, {});
      print(name, "float", reference, reference, *test, 0);
      m_parallel = {};
      const auto judge = [&](const std::string& what, const SettingOf& settingOf) {
        const auto start = std::chrono::steady_clock::now();
        CompressedNetwork compressed = compress(settingOf);
        std::int64_t bits = 0;
        for (const auto& [weight, tensor] : compressed.weights) bits += tensor.bits().count;
        if (!m_arguments.repair.empty()) {
          const Repair& repair = m_plugins.repairs.get(m_arguments.repair);
          repair.apply(*m_opened.network, m_opened.layers, compressed, *m_calibration, ParameterValues(repair.declaration()), m_context, {});
        }
        const double seconds = secondsSince(start);
        const WeightOverlay overlay = compressed.overlay(*m_opened.network, m_opened.layers);
        print(name, what + " " + std::to_string((bits + 7) / 8) + " B", answers({m_opened.network.get(), &overlay, nullptr}, *test, m_context, {}), reference, *test, seconds);
      };
      if (m_arguments.table.empty()) {
        for (const auto& setting : m_arguments.settings) judge(toText(setting), [&](const Layer&) { return setting; });
      } else {
        const auto plan = exactPlan();
        for (const char* method : {"", "gptq"})
          judge(std::string("plan ") + method, [&](const Layer& layer) {
            Setting setting = plan.at(layer.name);
            setting.method = method;
            return setting;
          });
      }
    }
  }

 private:
  using SettingOf = std::function<Setting(const Layer&)>;

  std::map<std::string, Setting> exactPlan() const {
    SensitivityTable table{"kl", "nats", {}, {}, {}};
    std::ifstream in(m_arguments.table);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      SensitivityRow row;
      std::string option;
      words >> row.layer >> option >> row.estimate.mean >> row.estimate.standardError >> row.estimate.count >> row.bits.count;
      row.option = parseSetting(option);
      table.rows.push_back(row);
    }
    AllocationProblem problem = buildProblem({m_opened.layers, table});
    problem.bitLimit = m_arguments.bytes * 8;
    const Allocation found = solveExactly(problem, kExactEffort, {});
    std::map<std::string, Setting> plan;
    for (std::size_t u = 0; u < problem.units.size(); ++u)
      for (const auto& layer : problem.units[u].layers) plan[layer] = problem.units[u].choices[static_cast<std::size_t>(found.choice[u])].setting;
    return plan;
  }

  std::unique_ptr<BatchSource> open(const char* file, std::int64_t limit) {
    return openData(*m_opened.network, {assets() / "cifar10" / file, {}, {}}, cifarPreprocessing(), limit, 64, m_plugins).source;
  }

  StatisticsNeeds needsOf(const Layer& layer, const Setting& setting) const {
    StatisticsNeeds needs;
    for (const auto* compressor : pipelineFor(m_plugins.compressors, layer, setting)) needs = needs | compressor->needs() | compressor->wants(layer);
    return needs;
  }

  Statistics collect(const std::vector<const Layer*>& layers, StatisticsNeeds needs, const WeightOverlay& overlay) {
    std::map<LayerId, StatisticsNeeds> wanted;
    for (const auto* layer : layers) wanted[layer->id] = needs;
    RunOptions options;
    options.overlay = &overlay;
    return collectStatistics(*m_opened.network, m_opened.layers, wanted, {}, *m_calibration, options, m_context, {});
  }

  /// Layers that are compressed from one collection.
  std::vector<std::vector<const Layer*>> steps() const {
    std::vector<std::vector<const Layer*>> steps;
    for (const auto& layer : m_opened.layers.items) {
      const bool sameInput = !steps.empty() && steps.back().front()->input == layer.input;
      const bool sameBlock = !steps.empty() && !layer.block.empty() && steps.back().front()->block == layer.block;
      if (steps.empty() || (m_arguments.sequential != "no" && !sameInput && !(m_arguments.sequential == "block" && sameBlock))) steps.emplace_back();
      steps.back().push_back(&layer);
    }
    return steps;
  }

  CompressedNetwork compress(const SettingOf& settingOf) {
    CompressedNetwork compressed;
    for (const auto& step : steps()) {
      std::vector<const Layer*> able;
      for (const auto* layer : step)
        if (whyNot(m_plugins.compressors, *layer, settingOf(*layer)).empty()) able.push_back(layer);
      if (able.empty()) continue;
      const StatisticsNeeds needs = needsOf(*able.front(), settingOf(*able.front()));
      Statistics own;
      const Statistics* statistics = &own;
      if (needs.any() && m_arguments.sequential == "no") {
        Statistics& kept = needs.gram ? m_parallel.gram : m_parallel.squares;
        if (kept.inputs.empty()) kept = collect(able, needs, {});
        statistics = &kept;
      } else if (needs.any()) {
        own = collect(able, needs, compressed.overlay(*m_opened.network, m_opened.layers));
      }
      for (const auto* layer : able) {
        CompressionInput input{*layer, toMatrix(*layer, m_opened.network->value(layer->weight).constant), statistics->input(layer->id), {}, m_context};
        input.parameters = m_arguments.parameters;
        compressed.weights[layer->weight] = LayerCompressor(m_plugins.compressors, input).compress(settingOf(*layer));
      }
    }
    return compressed;
  }

  void print(const std::string& network, const std::string& what, const Tensor& output, const Tensor& reference, const BatchSource& test, double seconds) const {
    const std::vector<const Score*> scores{&m_plugins.scores.get("top1"), &m_plugins.scores.get("kl")};
    const Evaluation evaluation = evaluate(scores, output, test, &reference);
    const Estimate top1 = evaluation.estimate("top1"), kl = evaluation.estimate("kl");
    std::printf("%-12s %-36s top-1 %.2f +- %.2f %%  KL %.4f  compressed in %.1f s\n", network.c_str(), what.c_str(), 100 * top1.mean, 100 * top1.standardError, kl.mean,
                seconds);
    std::fflush(stdout);
  }

  struct Kept {
    Statistics gram, squares;
  };

  const Arguments& m_arguments;
  PluginRegistries m_plugins;
  Context m_context;
  OpenedNetwork m_opened;
  std::unique_ptr<BatchSource> m_calibration;
  Kept m_parallel;  ///< statistics of the float network
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  try {
    planish::benchmark::Arguments arguments;
    for (int i = 1; i + 1 < count; i += 2) {
      const std::string name = words[i], value = words[i + 1];
      if (name == "--networks") arguments.networks = planish::benchmark::split(value);
      else if (name == "--settings") arguments.settings = planish::parseOptions(value);
      else if (name == "--samples") arguments.samples = std::stoll(value);
      else if (name == "--judge") arguments.judge = std::stoll(value);
      else if (name == "--threads") arguments.threads = std::stoi(value);
      else if (name == "--device") arguments.onDevice = value == "cuda";
      else if (name == "--sequential") arguments.sequential = value;
      else if (name == "--repair") arguments.repair = value;
      else if (name == "--table") arguments.table = value;
      else if (name == "--bytes") arguments.bytes = std::stoll(value);
      else if (name == "--set") arguments.parameters[value.substr(0, value.find('.'))][value.substr(value.find('.') + 1, value.find('=') - value.find('.') - 1)] = value.substr(value.find('=') + 1);
      else throw planish::Error(planish::ErrorKind::usage, "unknown option " + name);
    }
    planish::benchmark::Networks(arguments).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
