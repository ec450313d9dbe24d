// Time of solving an allocation problem again for another budget: 1 000 layers x 20 options. Usage: solver_benchmark
#include "core/allocation/knapsack.h"
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace planish::benchmark {
namespace {

/// Damage falls with the bits as quantization errors do (`noise` of 1: by a random factor), or is arbitrary.
AllocationProblem problem(std::uint64_t seed, int layers, int options, bool arbitrary) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) / 9007199254740992.0; };
  AllocationProblem made;
  for (int l = 0; l < layers; ++l) {
    const auto weights = static_cast<std::int64_t>(std::exp2(8 + 12 * uniform()));
    const double scale = std::exp2(16 * uniform());
    AllocationUnit unit{{std::to_string(l)}, {}};
    for (int o = 0; o < options; ++o) {
      const double bits = 2 + 6.0 * o / (options - 1);
      const auto cost = static_cast<std::int64_t>(bits * static_cast<double>(weights)) / 8 * 8;
      unit.choices.push_back({{}, arbitrary ? uniform() * scale : scale * std::exp2(-2 * bits) * (0.7 + 0.6 * uniform()), 0, cost, 0});
    }
    made.units.push_back(std::move(unit));
  }
  return made;
}

void measure(const char* name, const Allocator& solver, bool arbitrary) {
  std::vector<double> times, gaps;
  int unproven = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    AllocationProblem made = problem(seed, 1000, 20, arbitrary);
    std::int64_t least = 0, most = 0;
    for (const auto& unit : made.units) {
      least += unit.choices.front().bits;
      most += unit.choices.back().bits;
    }
    for (int step = 1; step < 20; ++step) {
      made.bitLimit = least + (most - least) * step / 20;
      const auto start = std::chrono::steady_clock::now();
      const Allocation found = solver.solve(made, ParameterValues(solver.declaration()), nullptr, {}, {});
      times.push_back(1000 * secondsSince(start));
      if (found.bound) {
        gaps.push_back((found.damage - *found.bound) / found.damage);
        unproven += *found.bound < found.damage;
      }
    }
  }
  std::sort(times.begin(), times.end());
  std::printf("%-8s %-12s 1000 layers x 20 options: median %.2f ms, most %.2f ms of %zu solves", solver.declaration().id.c_str(), name, times[times.size() / 2], times.back(),
              times.size());
  if (!gaps.empty()) std::printf(", %d not proven, largest gap %.2g", unproven, *std::max_element(gaps.begin(), gaps.end()));
  std::printf("\n");
}

}  // namespace
}  // namespace planish::benchmark

int main() {
  planish::PluginRegistries plugins;
  planish::registerBuiltinPlugins(plugins);
  for (const char* solver : {"exact", "greedy", "uniform"}) {
    planish::benchmark::measure("quantization", plugins.solvers.get(solver), false);
    planish::benchmark::measure("arbitrary", plugins.solvers.get(solver), true);
  }
}
