#include "core/compute/cuda/devices.h"

#include "core/base/error.h"

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace planish::cuda {

int deviceCount() {
  static const int count = [] {
    int found = 0;
    check(cudaGetDeviceCount(&found), "counting devices");
    return found;
  }();
  return count;
}

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
    if (!unit) place.store(unit = new DeviceUnit(index), std::memory_order_release);
  }
  unit->state.activate();
  return *unit;
}

}  // namespace planish::cuda
