#include "core/compute/kernel_registry.h"

namespace planish {

// Generated from the files in core/compute/cpu, cpu/onednn and cpu/reference.
namespace cpu_onednn {
void registerAll(KernelRegistry& registry);
}
namespace cpu {
void registerAll(KernelRegistry& registry);
}
namespace cpu_reference {
void registerAll(KernelRegistry& registry);
}

KernelCall::KernelCall(const Network& network, const Operation& operation, const Context& context, std::vector<const Tensor*> inputs,
                       std::vector<InferenceCall::Item> inferred, std::shared_ptr<KernelState>& state,
                       std::function<Tensor(DataType, const Shape&, Layout)> allocate)
    : m_network(network), m_operation(operation), m_context(context), m_inputs(std::move(inputs)), m_inferred(std::move(inferred)),
      m_outputs(operation.outputs.size()), m_state(state), m_allocate(std::move(allocate)) {}

Tensor& KernelCall::makeOutput(std::size_t i, Layout layout) {
  m_outputs.at(i) = m_allocate(outputType(i), outputShape(i), layout);
  return m_outputs[i];
}

Tensor& KernelCall::makeOutput(std::size_t i, const Shape& shape) {
  m_outputs.at(i) = m_allocate(outputType(i), shape, Layout::plain);
  return m_outputs[i];
}

void KernelRegistry::add(Kernel kernel) { m_kernels[{kernel.domain, kernel.type}].push_back(std::move(kernel)); }

std::vector<const Kernel*> KernelRegistry::candidates(const std::string& domain, const std::string& type, DeviceKind device) const {
  std::vector<const Kernel*> list;
  const auto found = m_kernels.find({domain == "ai.onnx" ? "" : domain, type});
  if (found == m_kernels.end()) return list;
  for (const auto& kernel : found->second)
    if (kernel.device == device) list.push_back(&kernel);
  return list;
}

const Kernel* KernelRegistry::choose(const KernelQuery& query, DeviceKind device, std::vector<std::string>* reasons) const {
  for (const Kernel* kernel : candidates(query.operation.domain, query.operation.type, device)) {
    const std::string reason = kernel->declines ? kernel->declines(query) : std::string();
    if (reason.empty()) return kernel;
    if (reasons) reasons->push_back(kernel->name + ": " + reason);
  }
  return nullptr;
}

const KernelRegistry& kernelRegistry() {
  static const KernelRegistry registry = [] {
    KernelRegistry all;
    cpu::registerAll(all);
    cpu_onednn::registerAll(all);
    cpu_reference::registerAll(all);
    return all;
  }();
  return registry;
}

const KernelRegistry& referenceKernels() {
  static const KernelRegistry registry = [] {
    KernelRegistry reference;
    cpu_reference::registerAll(reference);
    return reference;
  }();
  return registry;
}

}  // namespace planish
