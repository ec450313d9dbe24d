#pragma once

#include "core/compression/column_sweep/column_sweep.h"

namespace planish {

/// Factorises and sweeps on the context's device (device_library.h). What the device does not do (convolution groups, small float and nf4
/// grids, groups whose scales are searched on the way, zeros chosen among more than 128 columns) is done by the processor and said so in a
/// message. Scales found before the sweep are those of the processor, byte for byte. Throws Error(noDevice) if the device is not there.
std::unique_ptr<ColumnSweep> makeDeviceColumnSweep(const SweepProblem& problem, const Context& context, const Progress& progress);

}  // namespace planish
