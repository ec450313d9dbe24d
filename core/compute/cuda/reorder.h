#pragma once

#include "core/compute/cuda/device_state.h"

namespace planish::cuda {

/// target[r, s] = source[r, order[s]]; columns where `zero` (by column, may be nullptr) is set become 0.
template <typename T>
void gatherColumns(const DeviceState& state, const T* source, T* target, std::int64_t rows, std::int64_t columns, const std::int32_t* order, const std::uint8_t* zero);

/// target[r, order[s]] = source[r, s].
template <typename T>
void scatterColumns(const DeviceState& state, const T* source, T* target, std::int64_t rows, std::int64_t columns, const std::int32_t* order);

}  // namespace planish::cuda
