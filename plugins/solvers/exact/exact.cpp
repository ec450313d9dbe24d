#include "core/allocation/exact_resolver.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

class ExactSolver : public Allocator {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "exact",
        "Exact",
        "The plan with the least sum of damages within the budget (or the least bytes within a loss), proven: multiple-choice knapsack by "
        "reduction with the dual bound and dynamic programming over a growing core.",
        {{"effort", kExactEffort, "partial plans looked at, some ten million a second; beyond that the answer is the best found, with its gap", "", 1000, 10000000000, {}}}};
    return declaration;
  }

  Allocation solve(const AllocationProblem& problem, const ParameterValues& parameters, const MeasurePlans&, const Context&, const Progress& progress) const override {
    return solveExactly(problem, parameters.whole("effort"), progress);
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.solvers.add(std::make_shared<planish::ExactSolver>()); }
