#pragma once

#include "core/base/progress.h"
#include "core/data/batch_source.h"
#include "core/network/layer.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace planish {

/// What a method wants to know about a layer's input or a value, beyond the weight. Combined with |.
struct StatisticsNeeds {
  bool ranges = false;       ///< minimum, maximum, histogram of values
  bool channels = false;     ///< mean and variance per channel of a value
  bool inputSquares = false; ///< per weight column: mean of x^2 (the diagonal of the Gram matrix)
  bool gram = false;         ///< full Gram matrix of a layer's input columns
  StatisticsNeeds operator|(const StatisticsNeeds& other) const;
  bool any() const { return ranges || channels || inputSquares || gram; }
};

/// Statistics of one value over all samples. Channels: see channelAxis.
struct ValueStatistics {
  std::int64_t samples = 0;
  double minimum = 0, maximum = 0;
  std::vector<double> channelMean, channelVariance;
  /// Counts over 2048 equal bins of [histogramLow, histogramHigh); the width of a bin is a power of two, 0 is an edge.
  std::vector<std::int64_t> histogram;
  double histogramLow = 0, histogramHigh = 0;
};

/// Statistics of a layer's input columns (what one output channel sums over: im2col columns for convolutions).
struct InputStatistics {
  std::int64_t rows = 0;             ///< vectors x seen
  std::vector<double> meanSquare;    ///< [columns]; for groups > 1: [groups * columns], group by group
  std::vector<double> gram;          ///< sum of x x^T, [columns, columns] row-major; for groups > 1 one after another
};

struct Statistics {
  std::map<ValueId, ValueStatistics> values;
  /// Layers that read one value with one geometry (kernel, stride, padding, groups) share one object. Embeddings have none.
  std::map<LayerId, std::shared_ptr<const InputStatistics>> inputs;
  const InputStatistics* input(LayerId layer) const;      ///< nullptr if it was not asked for
  const ValueStatistics* value(ValueId id) const;         ///< nullptr if it was not asked for
};

/// The axis that channels run over in a value of this rank: 1 behind convolutions, the last behind matrix products and for rank <= 2.
int channelAxis(const Network& network, ValueId value, int rank);

/// One pass over the data that serves all: `values` get ranges and channel moments as asked, `layers` their input statistics.
/// Sums are float64 and do not depend on the number of threads. A value that is not finite is Error(invalidInput) naming value and
/// sample. `options` may bring an overlay and transforms; its hook is not called.
Statistics collectStatistics(const Network& network, const Layers& layers, const std::map<LayerId, StatisticsNeeds>& layerNeeds,
                             const std::map<ValueId, StatisticsNeeds>& valueNeeds, const BatchSource& data, const RunOptions& options,
                             const Context& context, const Progress& progress);

}  // namespace planish
