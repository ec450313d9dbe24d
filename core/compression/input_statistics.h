#pragma once

#include "core/compression/compressor.h"

namespace planish {

/// Samples of the calibration data that Compressor::wants() is answered from (rounded up to whole batches).
constexpr std::int64_t kSketchSamples = 64;

/// What the compressors of these settings have to know of the layers' inputs: needs() from all calibration samples, wants() from the first
/// kSketchSamples where nothing is needed. `calibration` may be null: nothing is wanted then, and Error(usage) names a compressor that
/// needs something. `settings`: by layer those that it will take.
Statistics inputStatistics(const Registry<Compressor>& compressors, const Network& network, const Layers& layers,
                           const std::map<LayerId, std::vector<Setting>>& settings, const BatchSource* calibration, const Context& context,
                           const Progress& progress);

}  // namespace planish
