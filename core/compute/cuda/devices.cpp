#include "core/compute/cuda/devices.h"

#include "core/base/error.h"
#include "core/compute/cuda/loaded_code.h"

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace planish::cuda {

namespace {

/// Why the device cannot run this library's code, or nothing. Other troubles are those of its first use.
std::string lacksCode(int ordinal) {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, ordinal), "device properties");
  if (cudaSetDevice(ordinal) != cudaSuccess) {
    cudaGetLastError();
    return {};
  }
  const cudaError_t status = loadedCode();
  cudaGetLastError();
  switch (status) {
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorInvalidKernelImage:
    case cudaErrorInvalidPtx:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorJitCompilerNotFound:
      return std::string(properties.name) + " has compute capability " + std::to_string(properties.major) + "." + std::to_string(properties.minor) +
             ", for which this program has no code (" + cudaGetErrorName(status) + ")";
    default: return {};
  }
}

/// The driver's numbers of the devices, by ours.
const std::vector<int>& ordinals() {
  static const std::vector<int> usable = [] {
    int found = 0;
    check(cudaGetDeviceCount(&found), "counting devices");
    std::vector<int> list;
    std::string reasons;
    for (int i = 0; i < found; ++i) {
      if (const std::string reason = lacksCode(i); reason.empty()) list.push_back(i);
      else reasons += (reasons.empty() ? "" : "; ") + reason;
    }
    if (list.empty()) throw Error(ErrorKind::noDevice, reasons.empty() ? "there is no device" : reasons).remedy("compute on the CPU");
    return list;
  }();
  return usable;
}

}  // namespace

int deviceCount() { return static_cast<int>(ordinals().size()); }

DeviceUnit& deviceUnit(int index) {
  // Read without a lock: every kernel asks, and threads of several devices must not wait for one another.
  static auto* units = new std::vector<std::atomic<DeviceUnit*>>(static_cast<std::size_t>(deviceCount()));
  static auto* guard = new std::mutex();
  if (index < 0 || index >= deviceCount())
    throw Error(ErrorKind::noDevice, "there is no device cuda:" + std::to_string(index) + ", there are " + std::to_string(deviceCount()));
  auto& place = (*units)[static_cast<std::size_t>(index)];
  DeviceUnit* unit = place.load(std::memory_order_acquire);
  if (!unit) {
    const std::lock_guard lock(*guard);
    unit = place.load(std::memory_order_acquire);
    if (!unit) place.store(unit = new DeviceUnit(index, ordinals()[static_cast<std::size_t>(index)]), std::memory_order_release);
  }
  unit->state.activate();
  return *unit;
}

}  // namespace planish::cuda
