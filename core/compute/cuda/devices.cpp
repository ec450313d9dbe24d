#include "core/compute/cuda/devices.h"

#include "core/base/error.h"

#include <string>

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
  static auto* units = new std::map<int, std::unique_ptr<DeviceUnit>>();
  static auto* guard = new std::mutex();
  if (index < 0 || index >= deviceCount())
    throw Error(ErrorKind::noDevice, "there is no device cuda:" + std::to_string(index) + ", there are " + std::to_string(deviceCount()));
  const std::lock_guard lock(*guard);
  auto& unit = (*units)[index];
  if (!unit) unit = std::make_unique<DeviceUnit>(index);
  unit->state.activate();
  return *unit;
}

}  // namespace planish::cuda
