#pragma once

#include "core/compute/context.h"

#include <cstdint>
#include <string>

namespace planish {

/// Where jobs of this context compute, for people: "NVIDIA H200 (cuda:0) and CPU, 2 threads".
std::string deviceText(const Context& context);

/// Bytes of tensors on the context's device now; -1 without a device. Any thread.
std::int64_t deviceBytes(const Context& context);

}  // namespace planish
