#pragma once

#include "core/data/batch_source.h"

namespace planish {

/// How many samples one thread best runs at one time: as many as keep the values of an operation in the
/// processor's cache, at most the data's batch; a network of a fixed batch gets that.
std::int64_t samplesAtOnce(const Network& network, const BatchSource& data);
/// The same for inputs whose shapes with one sample are known, and a batch of `most`.
std::int64_t samplesAtOnce(const Network& network, const std::map<ValueId, Shape>& shapesOfOne, std::int64_t most);

/// Whether the network declares how many samples it takes.
bool hasFixedBatch(const Network& network);

}  // namespace planish
