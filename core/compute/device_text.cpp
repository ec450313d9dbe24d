#include "core/compute/device_text.h"

#include "core/compute/device_library.h"

#include <map>
#include <mutex>

namespace planish {
namespace {

/// Asked once for each device: the driver takes its time.
std::string nameOf(int index) {
  static std::mutex guard;
  static std::map<int, std::string> names;
  const std::lock_guard lock(guard);
  const auto known = names.find(index);
  return known != names.end() ? known->second : names.emplace(index, describeDevice(index).name).first->second;
}

}  // namespace

std::string deviceText(const Context& context) {
  const std::string processor = "CPU, " + std::to_string(context.threads) + (context.threads == 1 ? " thread" : " threads");
  if (context.device.kind != DeviceKind::cuda) return processor;
  return nameOf(context.device.index) + " (cuda:" + std::to_string(context.device.index) + ") and " + processor;
}

std::int64_t deviceBytes(const Context& context) {
  if (context.device.kind != DeviceKind::cuda || !deviceLibrary().engines) return -1;
  return deviceLibrary().engines->memoryUse(context.device.index).used;
}

}  // namespace planish
