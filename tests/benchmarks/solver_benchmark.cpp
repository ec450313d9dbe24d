// Time of solving an allocation problem again for another budget: 1 000 layers x 20 options. Usage: solver_benchmark [PROBLEMS]
#include "core/allocation/exact_resolver.h"
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace planish::benchmark {
namespace {

enum class Kind { quantization, equalSizes, arbitrary, correlated };

/// quantization: damage falls with the bits as errors do, by a random factor; sizes from 256 to 2^20 weights. equalSizes: the same with the
/// four sizes of a transformer's layers. arbitrary: any damage. correlated: damage follows the bits but for a constant, the hard case of
/// knapsacks.
AllocationProblem problem(std::uint64_t seed, int layers, int options, Kind kind) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) / 9007199254740992.0; };
  constexpr std::int64_t kSizes[] = {1 << 20, 1 << 22, 1 << 18, 11 << 18};
  AllocationProblem made;
  for (int l = 0; l < layers; ++l) {
    const auto weights = kind == Kind::equalSizes ? kSizes[l % 4] : static_cast<std::int64_t>(std::exp2(8 + 12 * uniform()));
    const double scale = std::exp2(16 * uniform());
    AllocationUnit unit{{std::to_string(l)}, {}};
    for (int o = 0; o < options; ++o) {
      const double bits = 2 + 6.0 * o / (options - 1);
      const auto cost = static_cast<std::int64_t>(bits * static_cast<double>(weights)) / 8 * 8;
      double damage = scale * std::exp2(-2 * bits) * (0.7 + 0.6 * uniform());
      if (kind == Kind::arbitrary) damage = uniform() * scale;
      if (kind == Kind::correlated) damage = -static_cast<double>(cost) - 1000 * o;
      unit.choices.push_back({{}, damage, 0, cost, 0});
    }
    made.units.push_back(std::move(unit));
  }
  return made;
}

void print(const std::string& what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("%-36s median %7.2f ms, nine of ten %7.2f ms, most %7.2f ms of %zu solves", what.c_str(), times[times.size() / 2], times[times.size() * 9 / 10], times.back(), times.size());
}

/// `again`: with what does not depend on the budget made before, as when a budget is dragged.
void measure(const std::string& name, const Allocator& solver, Kind kind, bool again, std::uint64_t problems) {
  std::vector<double> times, gaps;
  int unproven = 0;
  for (std::uint64_t seed = 1; seed <= problems; ++seed) {
    AllocationProblem made = problem(seed, 1000, 20, kind);
    std::int64_t least = 0, most = 0;
    for (const auto& unit : made.units) {
      least += unit.choices.front().bits;
      most += unit.choices.back().bits;
    }
    ExactResolver resolver(made);
    if (again) resolver.solve(least, {}, kExactEffort, {});
    for (int step = 1; step < 20; ++step) {
      made.bitLimit = least + (most - least) * step / 20;
      const auto start = std::chrono::steady_clock::now();
      const Allocation found = again ? resolver.solve(made.bitLimit, {}, kExactEffort, {}) : solver.solve(made, ParameterValues(solver.declaration()), nullptr, {}, {});
      times.push_back(1000 * secondsSince(start));
      if (!found.bound) continue;
      gaps.push_back((found.damage - *found.bound) / std::abs(found.damage));
      unproven += *found.bound < found.damage;
    }
  }
  print(name + (again ? ", exact again" : ", " + solver.declaration().id), times);
  if (!gaps.empty()) std::printf(", %d not proven, largest gap %.2g", unproven, *std::max_element(gaps.begin(), gaps.end()));
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace planish::benchmark

int main(int argc, char** argv) {
  const std::uint64_t problems = argc > 1 ? std::stoull(argv[1]) : 10;
  planish::PluginRegistries plugins;
  planish::registerBuiltinPlugins(plugins);
  using planish::benchmark::Kind;
  std::printf("1 000 layers x 20 options\n");
  for (const auto& [name, kind] : {std::pair("quantization", Kind::quantization), std::pair("equal sizes", Kind::equalSizes), std::pair("arbitrary", Kind::arbitrary),
                                   std::pair("correlated", Kind::correlated)}) {
    for (const char* solver : {"exact", "greedy", "uniform"})
      if (kind != Kind::correlated || std::string(solver) == "exact") planish::benchmark::measure(name, plugins.solvers.get(solver), kind, false, problems);
    planish::benchmark::measure(name, plugins.solvers.get("exact"), kind, true, problems);
  }
}
