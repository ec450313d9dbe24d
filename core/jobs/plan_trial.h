#pragma once

#include "core/compression/repair.h"
#include "core/jobs/open_job.h"

#include <memory>

namespace planish {

/// Whole plans tried on calibration data, paired with the original: compressed, repaired and judged as the compress job does it. For
/// solvers that do not believe in sums, and for what is said of a plan. A layer is compressed once for each option, and the original is
/// measured once; a plan then costs some two runs of the samples with repairs and one without.
class PlanTrial {
 public:
  /// `repairs`: applied in this order to every candidate before it is judged. References must outlive the trial.
  PlanTrial(const OpenedNetwork& network, const AllocationProblem& problem, const PluginRegistries& plugins, const BatchSource& calibration, std::string score,
            StorageRules storage, std::vector<std::string> repairs, Context context, Progress progress, LevelStore* levels = nullptr);
  ~PlanTrial();

  /// For Allocator::solve. A part of the samples is always the first of them; repairs then see no others.
  MeasurePlans measure();
  /// On all samples. `choice`: one a unit of the problem.
  Estimate estimate(const std::vector<int>& choice);
  /// As it was judged on all samples, with its repairs.
  CompressedNetwork compressed(const std::vector<int>& choice);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> m_implementation;
};

}  // namespace planish
