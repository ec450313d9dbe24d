#include "core/compute/cuda/check.h"

#include "core/base/error.h"

#include <string>

namespace planish::cuda {
namespace {

std::string versionText(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

Error driverTooOld() {
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  return Error(ErrorKind::noDevice, "the driver knows CUDA " + versionText(driver) + ", this program needs " + versionText(runtime)).remedy("install a newer driver");
}

Error deviceError(cudaError_t status, const char* what) {
  const std::string text = std::string(what) + ": " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")";
  switch (status) {
    case cudaErrorMemoryAllocation:
      return Error(ErrorKind::outOfMemory, text).remedy("close other programs that use the device, or compute on the CPU");
    case cudaErrorInsufficientDriver:
      return driverTooOld();
    case cudaErrorNoKernelImageForDevice:
      return Error(ErrorKind::noDevice, "this program has no code for this device: " + text).remedy("compute on the CPU");
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
    case cudaErrorDevicesUnavailable:
    case cudaErrorDeviceUninitialized:
    case cudaErrorSystemNotReady:
      return Error(ErrorKind::noDevice, text).remedy("compute on the CPU");
    case cudaErrorIllegalAddress:
    case cudaErrorAssert:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorECCUncorrectable:
      return Error(ErrorKind::noDevice, text).remedy("the device cannot be used by this program any more; start it again to go on");
    default:
      return Error(ErrorKind::failed, text);
  }
}

}  // namespace

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // what is not sticky must not be seen by the next launch
  throw deviceError(status, what);
}

void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  check(cudaGetLastError(), what);
  throw Error(status == CUBLAS_STATUS_ALLOC_FAILED ? ErrorKind::outOfMemory : ErrorKind::failed,
              std::string(what) + ": " + cublasGetStatusString(status));
}

void check(cusolverStatus_t status, const char* what) {
  if (status == CUSOLVER_STATUS_SUCCESS) return;
  check(cudaGetLastError(), what);
  throw Error(status == CUSOLVER_STATUS_ALLOC_FAILED ? ErrorKind::outOfMemory : ErrorKind::failed,
              std::string(what) + ": cuSOLVER answers " + std::to_string(static_cast<int>(status)));
}

void checkLaunch(const char* kernel) { check(cudaGetLastError(), kernel); }

}  // namespace planish::cuda
