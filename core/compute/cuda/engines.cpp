#include "core/base/error.h"
#include "core/compute/cuda/devices.h"
#include "core/compute/cuda/gram.h"
#include "core/compute/cuda/input_gram.h"
#include "core/compute/cuda/kernels/elementwise.h"
#include "core/compute/cuda/kernels/movement.h"
#include "core/compute/cuda/recording.h"
#include "core/compute/cuda/scale_search.h"
#include "core/compute/cuda/soft_rounding.h"
#include "core/compute/cuda/sweep.h"
#include "core/compute/cuda/weighted_svd.h"

// Generated from the files in core/compute/cuda/kernels.
namespace planish::cuda_kernels {
void registerAll(KernelRegistry& registry);
}

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
  Engines() { deviceCount(); }

  std::vector<DeviceDescription> devices() override {
    std::vector<DeviceDescription> found;
    for (int i = 0; i < deviceCount(); ++i) {
      cudaDeviceProp properties;
      check(cudaGetDeviceProperties(&properties, deviceUnit(i).state.ordinal()), "device properties");
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
  std::unique_ptr<DeviceWeightedSvd> weightedSvd(int device, const DeviceSvdProblem& problem) override { return makeWeightedSvd(active(device), problem); }
  double outputError(int device, const float* error, std::int64_t rows, const double* gram, std::int64_t columns) override {
    return cuda::outputError(active(device), error, rows, gram, columns);
  }
  void synchronize(int device) override { active(device).synchronize(); }

  Tensor allocate(int device, DataType type, const Shape& shape, Layout layout) override { return deviceUnit(device).memory->allocate(type, shape, layout); }
  Tensor toDevice(int device, const Tensor& tensor) override {
    if (tensor.device() == Device{DeviceKind::cuda, device}) return tensor;
    return deviceUnit(device).memory->upload(tensor);
  }
  Tensor converted(const Tensor& tensor, Layout layout) override { return relaid(deviceUnit(tensor.device().index), tensor, layout); }
  Tensor rounded(const Tensor& tensor, const DeviceRounding& rounding) override {
    DeviceUnit& unit = deviceUnit(tensor.device().index);
    Tensor result = unit.memory->allocate(DataType::float32, tensor.shape(), tensor.layout());
    roundToCodes(unit.state, dataOf<float>(tensor), dataOf<float>(result), tensor.count(), rounding);
    return result;
  }
  std::vector<float> searchScales(int device, const DeviceScaleProblem& problem) override { return cuda::searchScales(deviceUnit(device), problem); }
  RoundingResult roundSoftly(int device, const RoundingProblem& problem, const RoundingOptions& options, const Progress& progress) override {
    return cuda::roundSoftly(deviceUnit(device), problem, options, progress);
  }
  std::unique_ptr<DeviceInputGram> inputGram(int device, const DeviceInputWindow& window) override { return makeInputGram(deviceUnit(device), window); }
  void assign(const Tensor& target, const Tensor& source) override {
    DeviceUnit& unit = deviceUnit(target.device().index);
    if (source.device() != target.device()) return unit.memory->upload(source, target);
    check(cudaMemcpyAsync(dataOf(target), dataOf(source), static_cast<std::size_t>(target.byteSize()), cudaMemcpyDeviceToDevice, unit.state.stream()), "copying device memory");
  }
  std::unique_ptr<DeviceRecording> record(int device, const std::function<void()>& work) override { return cuda::record(deviceUnit(device), work); }
  DeviceMemoryUse memoryUse(int device) override {
    const TensorMemory& memory = *deviceUnit(device).memory;
    return {memory.used(), memory.peak()};
  }
  void resetPeak(int device) override { deviceUnit(device).memory->resetPeak(); }
  void trim(int device) override { deviceUnit(device).memory->trim(); }
  void setMemoryLimit(int device, std::int64_t bytes) override { deviceUnit(device).memory->setLimit(bytes); }
  void addKernels(KernelRegistry& registry) override { cuda_kernels::registerAll(registry); }

 private:
  const DeviceState& active(int device) { return deviceUnit(device).state; }
};

}  // namespace
}  // namespace planish::cuda

extern "C" int planish_device_library_version() { return planish::kDeviceLibraryVersion; }

extern "C" planish::DeviceEngines* planish_device_engines() {
  // Never destroyed: the driver may be gone when a program's static objects are.
  static auto* engines = new planish::cuda::Engines();
  return engines;
}
