#pragma once

#include <cuda_runtime.h>

namespace planish::cuda {

/// What the driver says to this library's machine code on the calling thread's device.
cudaError_t loadedCode();

}  // namespace planish::cuda
