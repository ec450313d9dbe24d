#pragma once

#include "core/compute/context.h"
#include "core/data/batch_source.h"

namespace planish {

/// How many samples one thread best runs at one time: as many as keep the values of an operation in the
/// processor's cache, at most the data's batch; a network of a fixed batch gets that.
std::int64_t samplesAtOnce(const Network& network, const BatchSource& data);
/// The same for inputs whose shapes with one sample are known, and a batch of `most`.
std::int64_t samplesAtOnce(const Network& network, const std::map<ValueId, Shape>& shapesOfOne, std::int64_t most);

/// How many samples one executor best runs at one time: on the CPU as above; on a device as many as keep it busy and fit well within its
/// memory, whatever the data's batch is.
std::int64_t samplesAtOnce(const Network& network, const BatchSource& data, const Context& context);

/// How many executors share `pieces` of work: one a thread, or one a device.
int executorCount(const Context& context, std::int64_t pieces);
/// What executor `index` of them computes with: one thread, or its own device.
Context executorContext(const Context& context, int index);

/// Whether the network declares how many samples it takes.
bool hasFixedBatch(const Network& network);

}  // namespace planish
