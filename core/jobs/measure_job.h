#pragma once

#include "core/jobs/device_memory.h"
#include "core/jobs/layer_control.h"
#include "core/jobs/open_job.h"
#include "core/project/journal.h"

namespace planish {

/// Sensitivity tables of a network, by one or several metrics.
struct MeasureJob {
  const OpenedNetwork& network;
  const PluginRegistries& plugins;
  std::vector<std::string> metrics;
  std::vector<Setting> options;
  std::string target = "any";
  const BatchSource* calibration = nullptr;
  std::string calibrationFingerprint = {};
  std::map<std::string, std::string> parameters = {};  ///< of the metrics, as typed
  const Project* known = nullptr;  ///< tables in it with the same fingerprint are reused, not measured again
  LevelStore* levels = nullptr;    ///< see CompressionInput
  Journal* journal = nullptr;      ///< finished layers are taken from it and appended to it
  std::function<void(const std::string& metric, const Layer&, const std::vector<SensitivityRow>&)> onRows = {};
  /// Asked between layers on the job's thread, for each metric: may block (a pause). A skipped layer gets no rows in this table, and the
  /// table is not taken for a whole one later.
  std::function<LayerControl(const std::string& metric, const Layer&)> control = {};
  MemoryQuestion onNoMemory = {};
};

struct MeasureOutcome {
  std::vector<SensitivityTable> tables;  ///< in the order of the metrics
  std::vector<std::string> reused;       ///< metrics whose table was there already
  std::vector<std::string> skipped;      ///< "metric/layer"
  std::vector<std::string> refused;      ///< "layer: option: reason" of what no table holds
  double seconds = 0;
  MeasureWork work;
};

/// Throws Error(usage) if no option is legal for any layer, or a metric needs data that is not there. A stop leaves finished
/// layers in the journal. Where a device's memory does not suffice, what is not measured yet is tried again with less at a time: see
/// DeviceMemory. Whatever ends the job, finished layers are in the journal.
MeasureOutcome measure(const MeasureJob& job, const Context& context, const Progress& progress);

/// As a person types them: "int8,int4".
std::string optionsText(const std::vector<Setting>& options);

/// The journal's fingerprint: lines "part=value".
std::string fingerprintOf(const MeasureJob& job, const Context& context);

}  // namespace planish
