// A device library, and a driver, whose "devices" are the processor: tests put faults into them that no real
// device shows on demand. Environment: SIMULATED_DRIVER=N cuInit answers with N; SIMULATED_OLD_DRIVER=yes the
// engines refuse the driver.
#include "tests/support/simulated_device/simulated_device.h"

#include "core/base/error.h"
#include "core/compression/rounding/soft_rounding.h"
#include "core/compression/weighted_svd.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace planish::testing {
namespace {

constexpr int kDevices = 2;

SimulatedFaults& faults() {
  static SimulatedFaults one;
  return one;
}

void failIfLost() {
  if (faults().lost)
    throw Error(ErrorKind::noDevice, "an illegal memory access was encountered (simulated)")
        .remedy("the device cannot be used by this program any more; start it again to go on");
}

struct Memory {
  std::atomic<std::int64_t> used{0}, peak{0};
};
Memory& memory() {
  static Memory one;
  return one;
}

class SimulatedStorage : public Storage {
 public:
  SimulatedStorage(int device, std::int64_t size) : m_device(device), m_size(size) {
    failIfLost();
    if (const std::int64_t limit = faults().memory; limit >= 0 && memory().used + size > limit) {
      ++faults().refusals;
      throw Error(ErrorKind::outOfMemory,
                  "no device memory for a value of " + std::to_string(size) + " bytes (simulated)")
          .remedy("take fewer samples at a time, close other programs that use the device, or compute on the "
                  "CPU");
    }
    m_bytes = std::make_unique<std::byte[]>(static_cast<std::size_t>(std::max<std::int64_t>(1, size)));
    std::memset(m_bytes.get(), 0xFF, static_cast<std::size_t>(size));
    memory().used += size;
    memory().peak = std::max<std::int64_t>(memory().peak, memory().used.load());
  }
  ~SimulatedStorage() override { memory().used -= m_size; }
  const std::byte* bytes() const override {
    failIfLost();
    return m_bytes.get();
  }
  std::byte* writableBytes() override { return m_bytes.get(); }
  std::int64_t size() const override { return m_size; }
  Device device() const override { return {DeviceKind::cuda, m_device}; }

 private:
  int m_device;
  std::int64_t m_size;
  std::unique_ptr<std::byte[]> m_bytes;
};

/// What a kernel of the device does besides its work.
void runKernel(const Kernel& kernel, KernelCall& call) {
  failIfLost();
  const std::int64_t number = ++faults().kernels;
  if (faults().kernelsUntilLost >= 0 && number > faults().kernelsUntilLost) {
    faults().lost = true;
    failIfLost();
  }
  kernel.run(call);
  if (faults().kernelsUntilWrong < 0 || number <= faults().kernelsUntilWrong) return;
  for (std::size_t i = 0; i < call.outputs().size(); ++i) {
    Tensor& output = call.outputs()[i];
    if (!output.defined() || output.type() != DataType::float32 || output.device().kind == DeviceKind::cpu)
      continue;
    auto* values = reinterpret_cast<float*>(output.writableBytes().data());
    for (std::int64_t e = 0; e < output.count(); e += 3)
      values[e] += 1;
  }
}

/// The processor's, in memory of the device.
class SimulatedSvd : public DeviceSvd {
 public:
  SimulatedSvd(int device, std::shared_ptr<const WeightedSvd> engine, const Tensor& matrix)
      : m_memory(device, matrix.byteSize()), m_engine(std::move(engine)), m_found(m_engine->of(matrix)) {}
  const std::vector<double>& values() const override { return m_found.svd.values; }
  void factors(std::int64_t rank, float* left, float* right) const override {
    failIfLost();
    const auto pair = m_engine->factors(m_found, rank);
    std::ranges::copy(pair[0].data<float>(), left);
    std::ranges::copy(pair[1].data<float>(), right);
  }

 private:
  SimulatedStorage m_memory;
  std::shared_ptr<const WeightedSvd> m_engine;
  WeightedSvd::Decomposition m_found;
};

class SimulatedWeightedSvd : public DeviceWeightedSvd {
 public:
  SimulatedWeightedSvd(int device, const DeviceSvdProblem& problem)
      : m_device(device), m_columns(problem.columns),
        m_engine(std::make_shared<const WeightedSvd>(
            std::span(problem.gram, problem.gram ? static_cast<std::size_t>(m_columns * m_columns) : 0),
            m_columns, problem.ridge, Context{}, Progress())) {
    failIfLost();
  }
  std::unique_ptr<DeviceSvd> of(const float* matrix, std::int64_t rows, const Progress&) const override {
    Tensor copy(DataType::float32, Shape{rows, m_columns});
    std::copy_n(matrix, rows * m_columns, copy.writable<float>().begin());
    return std::make_unique<SimulatedSvd>(m_device, m_engine, copy);
  }

 private:
  int m_device;
  std::int64_t m_columns;
  std::shared_ptr<const WeightedSvd> m_engine;
};

class SimulatedEngines : public DeviceEngines {
 public:
  std::vector<DeviceDescription> devices() override {
    failIfLost();
    std::vector<DeviceDescription> list;
    for (int i = 0; i < kDevices; ++i)
      list.push_back(
          {"simulated device", "0.0", std::int64_t(1) << 30, (std::int64_t(1) << 30) - memory().used, 1});
    return list;
  }
  Tensor allocate(int device, DataType type, const Shape& shape, Layout layout) override {
    return Tensor(type, shape,
                  std::make_shared<SimulatedStorage>(device, (shape.count() * bitsOf(type) + 7) / 8), layout);
  }
  Tensor toDevice(int device, const Tensor& tensor) override {
    if (tensor.device() == Device{DeviceKind::cuda, device}) return tensor;
    Tensor copy = allocate(device, tensor.type(), tensor.shape(), tensor.layout());
    std::memcpy(copy.writableBytes().data(), tensor.bytes().data(), tensor.bytes().size());
    return copy;
  }
  Tensor converted(const Tensor& tensor, Layout layout) override {
    return toDevice(tensor.device().index,
                    layout == Layout::plain ? toPlain(tensor) : toChannelsLast(tensor));
  }
  Tensor rounded(const Tensor& tensor, const DeviceRounding& rounding) override {
    Tensor result = allocate(tensor.device().index, DataType::float32, tensor.shape(), tensor.layout());
    const auto* in = reinterpret_cast<const float*>(tensor.bytes().data());
    auto* out = reinterpret_cast<float*>(result.writableBytes().data());
    for (std::int64_t i = 0; i < tensor.count(); ++i)
      out[i] = std::min(std::max(std::nearbyint(in[i] / rounding.scale), rounding.least), rounding.most) *
               rounding.scale;
    return result;
  }
  /// Without a search: the first candidate, which clips nothing.
  std::vector<float> searchScales(int, const DeviceScaleProblem& problem) override {
    failIfLost();
    std::vector<float> scales;
    const std::size_t each = problem.candidates.size() / static_cast<std::size_t>(problem.rows);
    for (std::size_t row = 0; row < static_cast<std::size_t>(problem.rows); ++row)
      scales.push_back(problem.candidates[row * each]);
    return scales;
  }
  RoundingResult roundSoftly(int, const RoundingProblem& problem, const RoundingOptions& options, const Progress& progress) override {
    failIfLost();
    return planish::roundSoftly(problem, options, 1, progress);
  }
  std::unique_ptr<DeviceWeightedSvd> weightedSvd(int device, const DeviceSvdProblem& problem) override {
    return std::make_unique<SimulatedWeightedSvd>(device, problem);
  }
  double outputError(int, const float* error, std::int64_t rows, const double* gram,
                     std::int64_t columns) override {
    failIfLost();
    Tensor copy(DataType::float32, Shape{rows, columns});
    std::copy_n(error, rows * columns, copy.writable<float>().begin());
    return planish::outputError(copy, std::span(gram, static_cast<std::size_t>(columns * columns)), {});
  }
  std::unique_ptr<DeviceInputGram> inputGram(int, const DeviceInputWindow&) override { return nullptr; }
  void assign(const Tensor& target, const Tensor& source) override {
    std::memcpy(target.storage()->writableBytes(), source.bytes().data(), source.bytes().size());
  }
  std::unique_ptr<DeviceRecording> record(int, const std::function<void()>&) override { return nullptr; }
  DeviceMemoryUse memoryUse(int) override { return {memory().used, memory().peak}; }
  void resetPeak(int) override { memory().peak = memory().used.load(); }
  void trim(int) override { failIfLost(); }
  void setMemoryLimit(int, std::int64_t bytes) override { faults().memory = bytes; }
  void synchronize(int) override { failIfLost(); }
  void addKernels(KernelRegistry& registry) override {
    for (const char* type : {"Conv",
                             "Gemm",
                             "MatMul",
                             "Add",
                             "Mul",
                             "Sub",
                             "Div",
                             "Relu",
                             "Clip",
                             "Sigmoid",
                             "MaxPool",
                             "AveragePool",
                             "GlobalAveragePool",
                             "BatchNormalization",
                             "Flatten",
                             "Reshape",
                             "Transpose",
                             "Softmax",
                             "LayerNormalization",
                             "ReduceMean",
                             "Concat",
                             "Squeeze",
                             "Unsqueeze",
                             "Identity",
                             "Pad"})
      for (const Kernel* kernel : kernelRegistry().candidates("", type, DeviceKind::cpu)) {
        if (kernel->name == "onednn") continue;
        Kernel own = *kernel;
        own.name = "simulated " + own.name;
        own.device = DeviceKind::cuda;
        own.run = [kernel](KernelCall& call) {
          runKernel(*kernel, call);
          for (std::size_t i = 0; i < call.outputs().size(); ++i)  // views and what kernels made themselves
            if (call.outputs()[i].defined() && call.outputs()[i].device().kind == DeviceKind::cpu &&
                isFloating(call.outputs()[i].type()))
              call.setOutput(
                  i, deviceLibrary().engines->toDevice(call.context().device.index, call.outputs()[i]));
        };
        registry.add(std::move(own));
      }
  }

  std::unique_ptr<DeviceBuffer> allocate(int, std::int64_t) override { throw notSimulated(); }
  std::unique_ptr<DeviceGram> gram(int, std::int64_t) override { throw notSimulated(); }
  std::unique_ptr<DeviceSweep> sweep(int, const DeviceSweepProblem&) override { throw notSimulated(); }

 private:
  static Error notSimulated() {
    return Error(ErrorKind::unsupported, "the simulated device does not do this");
  }
};

}  // namespace
}  // namespace planish::testing

extern "C" {
int cuInit(unsigned) {
  const char* answer = std::getenv("SIMULATED_DRIVER");
  return answer ? std::atoi(answer) : 0;
}
int cuDeviceGetCount(int* count) {
  *count = planish::testing::kDevices;
  return 0;
}
int planish_device_library_version() {
  return planish::kDeviceLibraryVersion;
}
planish::DeviceEngines* planish_device_engines() {
  if (std::getenv("SIMULATED_OLD_DRIVER"))
    throw planish::Error(planish::ErrorKind::noDevice, "the driver knows CUDA 12.4, this program needs 13.0")
        .remedy("install a newer driver");
  static auto* engines = new planish::testing::SimulatedEngines();
  return engines;
}
planish::testing::SimulatedFaults* planish_simulated_faults() {
  return &planish::testing::faults();
}
}
