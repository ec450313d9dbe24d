#pragma once

#include "core/compute/executor.h"

#include <functional>

namespace planish {

/// Computes a few of the `count` samples that a device made `found` of again on the CPU, from the same
/// values: what is returned does, on whatever thread calls it, as long as the network lives; what it needs of the
/// device was read before. It throws Error(failed) where they differ by more than the device's arithmetic explains: a device
/// that computes something else must not go unnoticed. Does nothing for the CPU, and for networks with random
/// operations.
std::function<void()> checkAgainstProcessor(const Network& network, const Context& context, const ValueMap& given,
                                            std::int64_t count, ValueId wanted, const Tensor& found);

}  // namespace planish
