#pragma once

#include "core/jobs/open_job.h"

#include <string>
#include <vector>

namespace planish {

/// A plan of the Pareto front, or a uniform one for reference.
struct FrontPlan {
  Plan plan;
  Estimate predicted;    ///< sum of the table's cells as measured; errors add in squares
  bool uniform = false;  ///< one setting wherever the layer takes it
  std::string label;     ///< the setting of uniform plans; empty for others
};

struct FrontJob {
  const OpenedNetwork& network;
  const SensitivityTable& table;
  const PluginRegistries& plugins;
  std::string solver = "exact";
  std::string target = "any";
  const Plan* locks = nullptr;  ///< layers locked in it keep their setting in the front, not in the uniform plans
  int points = 32;              ///< at most
};

/// The front by rising bytes, then the uniform plans in the order of the table's options. Uniform plans leave layers that cannot take the
/// setting as they are; settings that fewer than half of the weights can take have none. Throws Error(usage) for a solver that measures.
std::vector<FrontPlan> planFront(const FrontJob& job, const Context& context, const Progress& progress);

}  // namespace planish
