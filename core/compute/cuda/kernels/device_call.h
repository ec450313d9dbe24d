#pragma once

#include "core/compute/cuda/devices.h"
#include "core/compute/kernel_registry.h"

namespace planish::cuda {

/// One call of a kernel, with its tensors on the device.
class DeviceCall {
 public:
  explicit DeviceCall(KernelCall& call) : m_call(call), m_unit(deviceUnit(call.context().device.index)) {}

  KernelCall& call() const { return m_call; }
  DeviceUnit& unit() const { return m_unit; }
  const DeviceState& state() const { return m_unit.state; }

  /// The tensor itself if it lies on the device, else a copy that lives as long as this.
  const Tensor& there(const Tensor& tensor) {
    if (tensor.device().kind != DeviceKind::cpu) return tensor;
    return *m_copies.emplace_back(std::make_unique<Tensor>(m_unit.memory->upload(tensor)));
  }
  const Tensor& input(std::size_t i) { return there(m_call.input(i)); }
  template <typename T = void>
  T* data(std::size_t i) {
    return static_cast<T*>(dataOf(input(i)));
  }
  template <typename T = void>
  T* output(std::size_t i = 0, Layout layout = Layout::plain) {
    return static_cast<T*>(dataOf(m_call.makeOutput(i, layout)));
  }
  Tensor scratch(DataType type, const Shape& shape) const { return m_unit.memory->allocate(type, shape, Layout::plain); }

 private:
  KernelCall& m_call;
  DeviceUnit& m_unit;
  std::vector<std::unique_ptr<Tensor>> m_copies;
};

inline bool isDeviceFloat(DataType type) { return type == DataType::float32 || type == DataType::float16 || type == DataType::bfloat16; }

/// Index arithmetic of kernels is in 31 bits.
inline std::string declinesSizes(const KernelQuery& query) {
  for (const auto& input : query.inputs) {
    if (!input) continue;
    if (input->shape.count() == 0) return "takes no empty tensors";
    if (input->shape.count() >= INT32_MAX) return "takes less than 2^31 elements";
  }
  return {};
}

/// The first `count` inputs must be float32, float16 or bfloat16, all of one type.
inline std::string declinesFloats(const KernelQuery& query, std::size_t count = SIZE_MAX) {
  for (std::size_t i = 0; i < std::min(count, query.inputs.size()); ++i) {
    const auto& input = query.inputs[i];
    if (!input) continue;
    if (!isDeviceFloat(input->type)) return "takes float32, float16 and bfloat16 only";
    if (input->type != query.inputs[0]->type) return "takes inputs of one type";
  }
  return declinesSizes(query);
}

/// A kernel of the device; `declines` as KernelRegistry wants it.
inline void addDeviceKernel(KernelRegistry& registry, const char* type, std::function<std::string(const KernelQuery&)> declines, void (*run)(DeviceCall&),
                            KernelLayouts layouts = KernelLayouts::plain, bool fuses = false) {
  registry.add({.type = type, .domain = "", .name = "cuda", .device = DeviceKind::cuda, .layouts = layouts, .fuses = fuses, .declines = std::move(declines),
                .run = [run](KernelCall& call) {
                  DeviceCall device(call);
                  run(device);
                }});
}

}  // namespace planish::cuda
