#pragma once

#include "core/jobs/open_job.h"

namespace planish {

struct ExportJob {
  const OpenedNetwork& network;
  const Plan& plan;
  const CompressionResult& result;
  const PluginRegistries& plugins;
  std::filesystem::path to;
  std::string target;                 ///< empty: the plan's
  bool force = false;                 ///< replace an existing file
  const BatchSource* data = nullptr;  ///< to compare the reloaded file with the result; null: compared on weights only
};

/// Checks every setting against the target before anything is written (Error(unsupported) lists layers and reasons), writes,
/// reloads, and compares the answers of the reloaded network with those of the result.
ExportRecord exportNetwork(const ExportJob& job, const Context& context, const Progress& progress);

/// Layers whose setting a target does not take, each with the reason: "conv1: int3: ...". Empty if it takes the plan.
std::vector<std::string> refusals(const OpenedNetwork& network, const Plan& plan, const TargetProfile& target);

}  // namespace planish
