#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

namespace planish::cuda {

/// Return codes of the toolkit become planish::Error here and nowhere else: memory that is not there outOfMemory, a device that is not
/// there, was lost or has a driver that is too old noDevice, anything else failed. `what`: what was tried.
void check(cudaError_t status, const char* what);
void check(cublasStatus_t status, const char* what);
void check(cusolverStatus_t status, const char* what);
/// Of the kernel launched last.
void checkLaunch(const char* kernel);

}  // namespace planish::cuda
