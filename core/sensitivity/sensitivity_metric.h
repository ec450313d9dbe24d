#pragma once

#include "core/base/progress.h"
#include "core/base/registry.h"
#include "core/compression/compressor.h"
#include "core/compression/repair.h"
#include "core/evaluation/score.h"
#include "core/sensitivity/sensitivity_table.h"

#include <functional>
#include <set>

namespace planish {

/// Everything a metric may use. Const inputs; rows go out as they are measured.
struct MeasureInput {
  const Network& network;
  const Layers& layers;
  /// Options by layer: only legal ones (see menuFor). Activation bits are part of an option.
  std::vector<std::vector<Setting>> menu;
  const BatchSource* calibration = nullptr;  ///< null: only metrics that need no data
  const Registry<Compressor>& compressors;
  const Registry<Score>& scores;
  StorageRules storage;
  std::set<std::string> done;  ///< layers that need not be measured (resumed)
  LevelStore* levels = nullptr;  ///< see CompressionInput
};

/// Called for each finished layer with all its rows; what was reported is kept when the measurement stops.
using RowSink = std::function<void(const Layer& layer, const std::vector<SensitivityRow>& rows)>;

/// How much was run, for "n full runs' worth".
struct MeasureWork {
  double fullRunsEquivalent = 0;  ///< forward passes of all samples through the whole network
  std::int64_t cells = 0;
};

class SensitivityMetric {
 public:
  virtual ~SensitivityMetric() = default;
  virtual const Declaration& declaration() const = 0;
  virtual std::string unit() const = 0;
  virtual bool needsData() const = 0;
  virtual bool needsLabels() const { return false; }
  /// Resumable per layer, polls stop at least once a layer.
  virtual MeasureWork measure(const MeasureInput& input, const ParameterValues& parameters, const RowSink& sink, const Context& context,
                              const Progress& progress) const = 0;
};

}  // namespace planish
