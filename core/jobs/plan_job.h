#pragma once

#include "core/jobs/open_job.h"

namespace planish {

struct PlanJob {
  const OpenedNetwork& network;
  const SensitivityTable& table;
  Budget budget;
  const PluginRegistries& plugins;
  std::string solver = "exact";
  std::string name = "plan";
  std::string target = "any";
  const Plan* locks = nullptr;                ///< layers locked in it keep their setting
  const BatchSource* calibration = nullptr;   ///< for solvers that measure whole plans
  std::vector<std::string> repairs;           ///< applied to each measured plan
  std::map<std::string, std::string> parameters;  ///< of the solver, as typed
  LevelStore* levels = nullptr;               ///< see CompressionInput
};

struct PlanOutcome {
  Plan plan;
  bool feasible = true;
  std::string reason;  ///< where it is not: what is the least that can be reached; the plan is then the nearest feasible one
  std::optional<double> gap;  ///< (predicted - bound) / bound; 0: proven optimal
};

/// Rows that the target does not take are left out, and bytes are counted as the target stores them.
PlanOutcome makePlan(const PlanJob& job, const Context& context, const Progress& progress);

/// The table as a target sees it.
SensitivityTable forTarget(const SensitivityTable& table, const OpenedNetwork& network, const TargetProfile& target);

}  // namespace planish
