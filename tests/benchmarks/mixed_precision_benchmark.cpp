// Weight-only mixed precision of the CIFAR MobileNetV2 under four budgets: sweep, exact plan, refined and repaired plan, top-1 on
// test data. Usage: mixed_precision_benchmark [--table FILE] [--repaired-table FILE] [--samples N] [--judge N] [--threads N] [--generations N]
// [--bytes N: that row only] [--uniform yes|no] [--refine yes|no]. A table that is there already is read instead of measured.
#include "core/allocation/exact_resolver.h"
#include "core/compression/input_statistics.h"
#include "core/jobs/plan_trial.h"
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace planish::benchmark {
namespace {

struct Arguments {
  std::string table, repairedTable;
  std::int64_t samples = 512, judge = -1;
  int threads = 2;
  std::string generations = "12";
  std::int64_t bytes = 0;
  bool uniform = true, refine = true;
};

struct Row {
  std::int64_t bytes;
  int uniformBits;       ///< 0: none of this size
  double scriptTop1;     ///< of the plain script's mixed plan, in percent
  double refinedAtLeast; ///< 0: nothing asked
};
constexpr Row kRows[] = {{1410732, 5, 89.63, 0}, {1135412, 4, 89.65, 0}, {860092, 3, 88.88, 89.3}, {721584, 0, 83.76, 87.5}};

class MixedPrecision {
 public:
  explicit MixedPrecision(const Arguments& arguments) : m_arguments(arguments) {
    registerBuiltinPlugins(m_plugins);
    m_context.threads = arguments.threads;
    m_opened = openNetwork(assets() / "cifar10/mobilenetv2.onnx", {}, m_plugins, {});
    m_calibration = open("calibration.npz", arguments.samples);
    m_test = open("test.npz", arguments.judge);
    m_options = parseOptions("int8,int6,int5,int4,int3,int2");
    std::int64_t weights = 0;
    for (const auto& layer : m_opened.layers.items) weights += layer.weightCount();
    std::printf("%zu layers, %lld weights; calibration %lld samples, test %lld; %d threads\n", m_opened.layers.size(), static_cast<long long>(weights),
                static_cast<long long>(m_calibration->count()), static_cast<long long>(m_test->count()), m_context.threads);
  }

  void run() {
    m_reference = answers({m_opened.network.get(), nullptr, nullptr}, *m_test, m_context, {});
    print("float", 0, {}, m_reference);
    const SensitivityTable plain = table(m_arguments.table, "none");
    SensitivityTable repaired;
    if (m_arguments.refine) repaired = table(m_arguments.repairedTable, "moments");
    for (const Row& row : kRows) {
      if (m_arguments.bytes > 0 && m_arguments.bytes != row.bytes) continue;
      std::printf("\n%lld bytes (script: %.2f %%)\n", static_cast<long long>(row.bytes), row.scriptTop1);
      if (m_arguments.uniform && row.uniformBits > 0) judge("uniform int" + std::to_string(row.uniformBits), problem(plain, row.bytes), uniform(plain, row), {});
      const auto byPlain = problem(plain, row.bytes);
      judge("exact", byPlain, solveExactly(byPlain, kExactEffort, {}), {});
      if (!m_arguments.refine) continue;
      const auto byRepaired = problem(repaired, row.bytes);
      judgeRepaired("exact", byPlain, solveExactly(byPlain, kExactEffort, {}));
      judgeRepaired("exact on repaired cells", byRepaired, solveExactly(byRepaired, kExactEffort, {}));
      if (row.refinedAtLeast > 0) refine(byRepaired, row);
    }
    std::printf("\npeak resident memory %.0f MiB\n", peakMebibytes());
  }

 private:
  std::unique_ptr<BatchSource> open(const char* file, std::int64_t limit) {
    return openData(*m_opened.network, {assets() / "cifar10" / file, {}, {}}, cifarPreprocessing(), limit, 64, m_plugins).source;
  }

  /// Of the calibration data, for the compressors.
  const Statistics& statistics() {
    if (m_statistics.inputs.empty()) {
      std::map<LayerId, std::vector<Setting>> settings;
      for (const auto& layer : m_opened.layers.items) settings[layer.id] = m_options;
      m_statistics = inputStatistics(m_plugins.compressors, *m_opened.network, m_opened.layers, settings, m_calibration.get(), m_context, {});
    }
    return m_statistics;
  }

  AllocationProblem problem(const SensitivityTable& table, std::int64_t bytes) const {
    AllocationProblem made = buildProblem({m_opened.layers, table});
    made.bitLimit = bytes * 8;
    return made;
  }

  Allocation uniform(const SensitivityTable& table, const Row& row) const {
    const auto made = problem(table, row.bytes);
    std::vector<int> choice;
    for (const auto& unit : made.units)
      for (std::size_t i = 0; i < unit.choices.size(); ++i)
        if (unit.choices[i].setting.bits == row.uniformBits) choice.push_back(static_cast<int>(i));
    return allocationOf(made, choice);
  }

  CompressedNetwork compress(const AllocationProblem& problem, const Allocation& allocation, const std::vector<std::string>& repairs) {
    CompressedNetwork compressed;
    for (std::size_t u = 0; u < problem.units.size(); ++u) {
      const Layer& layer = *m_opened.layers.find(problem.units[u].layers.front());
      LayerCompressor compressor(m_plugins.compressors, {layer, toMatrix(layer, m_opened.network->value(layer.weight).constant), statistics().input(layer.id), {}, m_context});
      compressed.weights[layer.weight] = compressor.compress(problem.units[u].choices[static_cast<std::size_t>(allocation.choice[u])].setting);
    }
    for (const auto& id : repairs) {
      const Repair& repair = m_plugins.repairs.get(id);
      repair.apply(*m_opened.network, m_opened.layers, compressed, *m_calibration, ParameterValues(repair.declaration()), m_context, {});
    }
    return compressed;
  }

  void judge(const std::string& what, const AllocationProblem& problem, const Allocation& allocation, const std::vector<std::string>& repairs) {
    const WeightOverlay overlay = compress(problem, allocation, repairs).overlay(*m_opened.network, m_opened.layers);
    print(what, (allocation.bits + 7) / 8, allocation, answers({m_opened.network.get(), &overlay, nullptr}, *m_test, m_context, {}));
  }

  /// Under each repair of the program that changes nothing of the size.
  void judgeRepaired(const std::string& what, const AllocationProblem& problem, const Allocation& allocation) {
    for (const std::string repair : {"moments", "batchnorm"}) judge(what + " + " + repair, problem, allocation, {repair});
  }

  void print(const std::string& what, std::int64_t bytes, const Allocation& allocation, const Tensor& output) {
    const std::vector<const Score*> scores{&m_plugins.scores.get("top1"), &m_plugins.scores.get("kl")};
    const Evaluation evaluation = evaluate(scores, output, *m_test, &m_reference);
    const Estimate top1 = evaluation.estimate("top1"), kl = evaluation.estimate("kl");
    std::printf("  %-38s %9lld bytes  top-1 %.2f +- %.2f %%  KL %.4f +- %.4f  predicted %.4f", what.c_str(), static_cast<long long>(bytes), 100 * top1.mean,
                100 * top1.standardError, kl.mean, kl.standardError, allocation.damage);
    if (allocation.bound) std::printf(" (bound %.4f)", *allocation.bound);
    std::printf("\n");
    std::fflush(stdout);
  }

  void refine(const AllocationProblem& problem, const Row& row) {
    const auto start = std::chrono::steady_clock::now();
    PlanTrial trial(m_opened, problem, m_plugins, *m_calibration, "kl", {}, {"moments"}, m_context, {});
    const Allocator& evolve = m_plugins.solvers.get("evolve");
    ParameterValues parameters(evolve.declaration());
    parameters.set("generations", std::string_view(m_arguments.generations));
    const Allocation refined = evolve.solve(problem, parameters, trial.measure(), m_context, {});
    std::printf("  refined in %.0f s: %s\n", secondsSince(start), refined.reason.c_str());
    judgeRepaired("evolved (asked: " + std::to_string(row.refinedAtLeast).substr(0, 4) + ")", problem, refined);
  }

  SensitivityTable table(const std::string& file, const std::string& repair) {
    if (!file.empty() && std::filesystem::exists(file)) return read(file);
    const SensitivityMetric& metric = m_plugins.metrics.get("kl");
    ParameterValues parameters(metric.declaration());
    parameters.set("repair", std::string_view(repair));
    MeasureInput input{*m_opened.network, m_opened.layers, std::vector(m_opened.layers.size(), m_options), m_calibration.get(),
                       m_plugins.compressors, m_plugins.scores, {}, {}};
    SensitivityTable made{"kl", "nats", {}, {}, {}};
    const auto start = std::chrono::steady_clock::now();
    const MeasureWork work = metric.measure(
        input, parameters, [&](const Layer&, const std::vector<SensitivityRow>& rows) { made.rows.insert(made.rows.end(), rows.begin(), rows.end()); }, m_context, {});
    std::printf("sweep, repair %s: %lld cells in %.1f s, %.1f full runs' worth, peak resident memory %.0f MiB\n", repair.c_str(), static_cast<long long>(work.cells),
                secondsSince(start), work.fullRunsEquivalent, peakMebibytes());
    std::fflush(stdout);
    if (!file.empty()) write(file, made);
    return made;
  }

  static void write(const std::string& file, const SensitivityTable& table) {
    std::ofstream out(file);
    out.precision(17);
    for (const auto& row : table.rows)
      out << row.layer << ' ' << toText(row.option) << ' ' << row.estimate.mean << ' ' << row.estimate.standardError << ' ' << row.estimate.count << ' ' << row.bits.count << '\n';
  }

  static SensitivityTable read(const std::string& file) {
    SensitivityTable table{"kl", "nats", {}, {}, {}};
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      SensitivityRow row;
      std::string option;
      words >> row.layer >> option >> row.estimate.mean >> row.estimate.standardError >> row.estimate.count >> row.bits.count;
      row.option = parseSetting(option);
      table.rows.push_back(row);
    }
    return table;
  }

  Arguments m_arguments;
  PluginRegistries m_plugins;
  Context m_context;
  OpenedNetwork m_opened;
  std::unique_ptr<BatchSource> m_calibration, m_test;
  std::vector<Setting> m_options;
  Tensor m_reference;
  Statistics m_statistics;
};

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  planish::benchmark::Arguments arguments;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i], value = words[i + 1];
    if (name == "--table") arguments.table = value;
    else if (name == "--repaired-table") arguments.repairedTable = value;
    else if (name == "--samples") arguments.samples = std::stoll(value);
    else if (name == "--judge") arguments.judge = std::stoll(value);
    else if (name == "--threads") arguments.threads = std::stoi(value);
    else if (name == "--generations") arguments.generations = value;
    else if (name == "--bytes") arguments.bytes = std::stoll(value);
    else if (name == "--uniform") arguments.uniform = value == "yes";
    else if (name == "--refine") arguments.refine = value == "yes";
  }
  try {
    planish::benchmark::MixedPrecision(arguments).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
