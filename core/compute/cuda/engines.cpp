#include "core/base/error.h"
#include "core/compute/cuda/gram.h"
#include "core/compute/cuda/sweep.h"

#include <map>
#include <mutex>

namespace planish::cuda {
namespace {

class Buffer : public DeviceBuffer {
 public:
  Buffer(const DeviceState& state, std::int64_t bytes) : m_state(state), m_array(state, bytes) {}
  void* data() override { return m_array.data(); }
  std::int64_t bytes() const override { return m_array.count(); }
  void upload(const void* source, std::int64_t bytes) override {
    m_state.activate();
    copy(m_state, m_array.data(), static_cast<const std::byte*>(source), within(bytes));
  }
  void download(void* target, std::int64_t bytes) const override {
    m_state.activate();
    copy(m_state, static_cast<std::byte*>(target), static_cast<const std::byte*>(m_array.data()), within(bytes));
  }

 private:
  std::int64_t within(std::int64_t bytes) const {
    if (bytes < 0 || bytes > m_array.count())
      throw Error(ErrorKind::failed, "a device buffer of " + std::to_string(m_array.count()) + " bytes was asked for " + std::to_string(bytes));
    return bytes;
  }
  const DeviceState& m_state;
  Array<std::byte> m_array;
};

class Engines : public DeviceEngines {
 public:
  Engines() { check(cudaGetDeviceCount(&m_count), "counting devices"); }

  std::vector<DeviceDescription> devices() override {
    std::vector<DeviceDescription> found;
    for (int i = 0; i < m_count; ++i) {
      cudaDeviceProp properties;
      check(cudaGetDeviceProperties(&properties, i), "device properties");
      state(i).activate();
      std::size_t free = 0, total = 0;
      check(cudaMemGetInfo(&free, &total), "free device memory");
      found.push_back({properties.name, std::to_string(properties.major) + "." + std::to_string(properties.minor), static_cast<std::int64_t>(total),
                       static_cast<std::int64_t>(free), properties.multiProcessorCount});
    }
    return found;
  }
  std::unique_ptr<DeviceBuffer> allocate(int device, std::int64_t bytes) override { return std::make_unique<Buffer>(active(device), bytes); }
  std::unique_ptr<DeviceGram> gram(int device, std::int64_t columns) override { return std::make_unique<Gram>(active(device), columns); }
  std::unique_ptr<DeviceSweep> sweep(int device, const DeviceSweepProblem& problem) override { return std::make_unique<Sweep>(active(device), problem); }
  void synchronize(int device) override { active(device).synchronize(); }

 private:
  DeviceState& state(int device) {
    if (device < 0 || device >= m_count)
      throw Error(ErrorKind::noDevice, "there is no device cuda:" + std::to_string(device) + ", there are " + std::to_string(m_count));
    const std::lock_guard lock(m_mutex);
    auto& slot = m_states[device];
    if (!slot) slot = std::make_unique<DeviceState>(device);
    return *slot;
  }
  const DeviceState& active(int device) {
    DeviceState& found = state(device);
    found.activate();
    return found;
  }

  int m_count = 0;
  std::mutex m_mutex;
  std::map<int, std::unique_ptr<DeviceState>> m_states;
};

}  // namespace
}  // namespace planish::cuda

extern "C" int planish_device_library_version() { return planish::kDeviceLibraryVersion; }

extern "C" planish::DeviceEngines* planish_device_engines() {
  // Never destroyed: the driver may be gone when a program's static objects are.
  static auto* engines = new planish::cuda::Engines();
  return engines;
}
