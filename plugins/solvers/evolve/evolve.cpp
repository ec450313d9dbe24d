#include "core/allocation/exact_resolver.h"
#include "core/plugin/plugin_api.h"
#include "plugins/solvers/evolve/evolution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace planish {
namespace {

struct EvolutionParameters {
  int generations, offspring, survivors, switches, patience;
  double fraction;
};

/// One search: (1 + lambda), elitist, by measured damage; see the card evopress.
class Evolution {
 public:
  Evolution(const AllocationProblem& problem, const EvolutionParameters& parameters, const MeasurePlans& measure, const Context& context, const Progress& progress)
      : m_problem(problem), m_parameters(parameters), m_measure(measure), m_progress(progress), m_bits(byBits(problem)), m_knapsack(knapsackOf(m_bits)),
        m_mutation(m_knapsack, context.seed) {}

  Allocation run() {
    const bool byDamage = m_problem.damageLimit && !m_problem.bitLimit;
    if (byDamage) startWithin(*m_problem.damageLimit);
    else startAt(static_cast<double>(*m_problem.bitLimit));
    if (!m_parent.empty() && (!byDamage || m_damage <= *m_problem.damageLimit)) evolve(byDamage);
    return result(byDamage);
  }

 private:
  /// Plans are always items of the problem "least damage within bits".
  static AllocationProblem byBits(const AllocationProblem& problem) {
    AllocationProblem changed = problem;
    changed.damageLimit.reset();
    if (!changed.bitLimit) changed.bitLimit = std::int64_t(1) << 60;
    return changed;
  }

  double measured(const std::vector<int>& plan, double fraction = 1) { return measured(std::vector<std::vector<int>>{plan}, fraction).front(); }
  std::vector<double> measured(const std::vector<std::vector<int>>& plans, double fraction) {
    std::vector<std::vector<int>> choices;
    for (const auto& plan : plans) choices.push_back(choicesOf(m_knapsack, plan));
    m_measurements += static_cast<std::int64_t>(plans.size());
    return m_measure(choices, fraction);
  }

  double bitsOf(const std::vector<int>& plan) const {
    double sum = 0;
    for (std::size_t u = 0; u < plan.size(); ++u) sum += m_knapsack.units[u][static_cast<std::size_t>(plan[u])].resource;
    return sum;
  }

  /// The best by prediction, and by predictions that take large damages for more (or less) than they are: sums are wrong in one
  /// of these directions as a rule.
  void startAt(double limit) {
    std::vector<std::vector<int>> starts;
    for (const double power : {1.0, 0.6, 0.8, 1.3, 1.7}) {
      Knapsack bent = m_knapsack;
      bent.limit = limit;
      for (auto& unit : bent.units)
        for (auto& item : unit) item.objective = std::copysign(std::pow(std::abs(item.objective), power), item.objective);
      auto plan = solveKnapsack(bent, kExactEffort, m_progress).items;
      if (m_mutation.remember(plan)) starts.push_back(std::move(plan));
    }
    const auto damages = measured(starts, 1);
    m_startDamage = damages.front();
    const auto best = static_cast<std::size_t>(std::min_element(damages.begin(), damages.end()) - damages.begin());
    m_parent = starts[best];
    m_damage = damages[best];
  }

  /// The smallest plan by prediction whose measured damage is within the limit: a search over what the prediction has to promise.
  void startWithin(double limit) {
    double low = 0, high = 2 * limit;
    for (int step = 0; step < 8; ++step) {
      m_progress.throwIfStopped();
      AllocationProblem promised = m_problem;
      promised.damageLimit = step == 0 ? limit : (low + high) / 2;
      const Allocation found = solveExactly(promised, kExactEffort, m_progress);
      const auto plan = itemsOf(found.choice);
      const double damage = measured(plan);
      if (step == 0) m_startDamage = damage;
      m_mutation.remember(plan);
      const bool within = damage <= limit;
      if (within || m_parent.empty() || (m_damage > limit && damage < m_damage)) {
        if (!within || m_parent.empty() || m_damage > limit || bitsOf(plan) < bitsOf(m_parent)) {
          m_parent = plan;
          m_damage = damage;
        }
      }
      (within ? low : high) = *promised.damageLimit;
    }
  }

  std::vector<int> itemsOf(const std::vector<int>& choice) const {
    std::vector<int> items;
    for (std::size_t u = 0; u < choice.size(); ++u) {
      // Another choice of no more bits and no more damage stands for one that the knapsack left out.
      const auto& unit = m_knapsack.units[u];
      const auto& chosen = m_problem.units[u].choices[static_cast<std::size_t>(choice[u])];
      int item = 0;
      for (int i = 0; i < static_cast<int>(unit.size()); ++i)
        if (unit[static_cast<std::size_t>(i)].resource <= static_cast<double>(chosen.bits)) item = i;
      items.push_back(item);
    }
    return items;
  }

  void evolve(bool byDamage) {
    int idle = 0;
    for (int generation = 0; generation < m_parameters.generations && idle < m_parameters.patience; ++generation) {
      m_progress.throwIfStopped();
      m_progress.report(static_cast<double>(generation) / m_parameters.generations,
                        "generation " + std::to_string(generation + 1) + ": damage " + toText(ParameterValue(m_damage)) + ", " + std::to_string(static_cast<std::int64_t>(bitsOf(m_parent) / 8)) + " bytes");
      // Under a damage limit each step must make the plan smaller, else the room may be used up.
      const double limit = byDamage ? bitsOf(m_parent) - 1 : m_knapsack.limit;
      std::vector<std::vector<int>> plans;
      for (int k = 0; k < m_parameters.offspring; ++k) {
        auto plan = m_mutation.offspring(m_parent, limit, m_parameters.switches, !byDamage);
        if (plan.empty()) break;
        plans.push_back(std::move(plan));
      }
      if (plans.empty()) return;
      idle = improve(select(std::move(plans)), byDamage) ? 0 : idle + 1;
    }
  }

  /// The fittest on a part of the samples.
  std::vector<std::vector<int>> select(std::vector<std::vector<int>> plans) {
    const auto keep = static_cast<std::size_t>(m_parameters.survivors);
    if (plans.size() <= keep || m_parameters.fraction >= 1) return plans;
    const auto damages = measured(plans, m_parameters.fraction);
    std::vector<std::size_t> order(plans.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return damages[a] < damages[b]; });
    std::vector<std::vector<int>> fittest;
    for (std::size_t i = 0; i < keep; ++i) fittest.push_back(std::move(plans[order[i]]));
    return fittest;
  }

  bool improve(const std::vector<std::vector<int>>& plans, bool byDamage) {
    const auto damages = measured(plans, 1);
    bool improved = false;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const bool better = byDamage ? damages[i] <= *m_problem.damageLimit && bitsOf(plans[i]) < bitsOf(m_parent) : damages[i] < m_damage;
      if (!better) continue;
      m_parent = plans[i];
      m_damage = damages[i];
      improved = true;
    }
    return improved;
  }

  Allocation result(bool byDamage) const {
    Allocation allocation = allocationOf(byBits(m_problem), choicesOf(m_knapsack, m_parent));
    const std::string measurements = " (" + std::to_string(m_measurements) + " measurements of plans)";
    if (byDamage && m_damage > *m_problem.damageLimit) {
      allocation.feasible = false;
      allocation.reason = "the least measured damage found is " + toText(ParameterValue(m_damage)) + ", the limit is " + toText(ParameterValue(*m_problem.damageLimit)) + measurements;
    } else {
      allocation.reason = "measured damage " + toText(ParameterValue(m_damage)) + ", of the best by prediction " + toText(ParameterValue(m_startDamage)) + measurements;
    }
    return allocation;
  }

  const AllocationProblem& m_problem;
  EvolutionParameters m_parameters;
  const MeasurePlans& m_measure;
  const Progress& m_progress;
  AllocationProblem m_bits;
  Knapsack m_knapsack;
  PlanMutation m_mutation;
  std::vector<int> m_parent;
  double m_damage = 0, m_startDamage = 0;
  std::int64_t m_measurements = 0;
};

class EvolveSolver : public Allocator {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "evolve",
        "Evolve",
        "Starts at the exact solution and improves it by measuring whole plans on calibration data, so that interactions between layers count (after EvoPress); keeps the budget.",
        {{"generations", std::int64_t(20), "rounds of offspring and selection, at most", "", 0, 100000, {}},
         {"offspring", std::int64_t(12), "new plans a generation", "", 1, 10000, {}},
         {"survivors", std::int64_t(3), "plans of a generation that are measured on all samples", "", 1, 10000, {}},
         {"fraction", 0.25, "share of the samples that the first selection uses", "", 0.001, 1, {}},
         {"switches", std::int64_t(3), "layers that take more bits in one step, at most", "", 1, 1000, {}},
         {"patience", std::int64_t(6), "generations without a better plan after which it ends", "", 1, 100000, {}}}};
    return declaration;
  }
  bool needsMeasuring() const override { return true; }

  Allocation solve(const AllocationProblem& problem, const ParameterValues& values, const MeasurePlans& measure, const Context& context, const Progress& progress) const override {
    if (!measure) throw Error(ErrorKind::usage, "solver 'evolve' measures whole plans").remedy("give calibration data");
    if (auto least = leastReachable(problem)) return *least;
    if (!problem.bitLimit && !problem.damageLimit) return solveExactly(problem, kExactEffort, progress);
    const auto whole = [&](const char* name) { return static_cast<int>(values.whole(name)); };
    const EvolutionParameters parameters{whole("generations"), whole("offspring"), whole("survivors"), whole("switches"), whole("patience"), values.number("fraction")};
    Allocation allocation = Evolution(problem, parameters, measure, context, progress).run();
    progress.report(1);
    return allocation;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.solvers.add(std::make_shared<planish::EvolveSolver>()); }
