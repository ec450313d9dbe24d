#pragma once

#include "core/jobs/open_job.h"

#include <memory>

namespace planish {

/// Damage of whole plans, really measured on calibration data, for solvers that do not believe in sums. Layers are compressed
/// once per option and kept. Give `measure()` to Allocator::solve.
class PlanMeasurer {
 public:
  /// `repairs` are applied to each candidate before it is judged, as the compress job will. References must outlive the measurer.
  PlanMeasurer(const OpenedNetwork& network, const AllocationProblem& problem, const PluginRegistries& plugins, const BatchSource& calibration,
               std::string score, StorageRules storage, std::vector<std::string> repairs, Context context, Progress progress);
  ~PlanMeasurer();
  MeasurePlans measure();
  /// Estimate of one choice a unit on all samples, paired with the original.
  Estimate estimate(const std::vector<int>& choice);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> m_implementation;
};

}  // namespace planish
