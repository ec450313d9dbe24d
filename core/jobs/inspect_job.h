#pragma once

#include "core/jobs/open_job.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace planish {

/// What can be seen of one layer under one setting: its weights before and after, its input, and what each option would do to it.
struct LayerInspection {
  Setting setting;  ///< `after` is the weight under it
  struct Histogram {
    double low = 0, high = 0;
    std::vector<std::int64_t> counts;
    int distinct = 0;  ///< different values, counted up to 4096; 0 where not counted
    int levels = 0;    ///< different codes of a weight stored as codes of at most 8 bits; 0 for others
  };
  Histogram weightsBefore, weightsAfter;  ///< over one range
  std::optional<Histogram> input;         ///< activations before the layer, on calibration data
  std::int64_t inputSamples = 0;
  std::vector<float> channelMinimum, channelMaximum, channelError;  ///< by output channel; error: |w - w'|^2 / |w|^2
  std::vector<double> singularValues;                               ///< of the weight as [rows, columns], falling
  std::vector<std::pair<Setting, double>> errorByOption;            ///< |W - W'|^2 / |W|^2 of every legal option
  std::vector<std::string> notes;                                   ///< what was left out or counted in part, and why
};

struct InspectJob {
  const OpenedNetwork& network;
  LayerId layer;
  Setting setting;                      ///< keep: `after` is the weight as it is
  const std::vector<Setting>& options;  ///< legal ones of this layer; keep is passed over
  const PluginRegistries& plugins;
  std::string target = "any";                ///< its storage rules round scales
  const BatchSource* calibration = nullptr;  ///< for the input's histogram, and compressors that ask for statistics; null: without
};

/// Samples of the calibration data that are looked at, at most.
inline constexpr std::int64_t kInspectedSamples = 256;

/// Throws Error(unsupported) if no compressor can make the setting, Error(usage) if it needs calibration data and there is none; options
/// that cannot be tried for this reason are named in the notes. A stop leaves nothing behind.
LayerInspection inspectLayer(const InspectJob& job, const Context& context, const Progress& progress);

}  // namespace planish
