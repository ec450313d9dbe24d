#pragma once

#include "core/compute/context.h"
#include "core/compute/epilogue.h"
#include "core/compute/operation_registry.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace planish {

struct AttentionCall;

/// What a kernel keeps between calls of one operation of one executor: prepared weights, primitives.
class KernelState {
 public:
  virtual ~KernelState() = default;
};

/// One call of a kernel. Arguments were checked by the operation's definition; kernels check nothing again.
class KernelCall {
 public:
  KernelCall(const Network& network, const Operation& operation, const Context& context, std::vector<const Tensor*> inputs,
             std::vector<InferenceCall::Item> inferred, std::shared_ptr<KernelState>& state,
             std::function<Tensor(DataType, const Shape&, Layout)> allocate);

  const Network& network() const { return m_network; }
  const Operation& operation() const { return m_operation; }
  const Attributes& attributes() const { return m_operation.attributes; }
  const Context& context() const { return m_context; }
  std::int64_t opset() const { return m_network.opset(m_operation.domain); }

  std::size_t inputCount() const { return m_inputs.size(); }
  std::size_t outputCount() const { return m_operation.outputs.size(); }
  bool hasInput(std::size_t i) const { return i < m_inputs.size() && m_inputs[i] != nullptr; }
  const Tensor& input(std::size_t i) const { return *m_inputs.at(i); }
  bool hasOutput(std::size_t i) const { return i < m_operation.outputs.size() && m_operation.outputs[i].valid(); }
  /// The shape and type that the definition found; undefined type where it leaves that to the kernel.
  const Shape& outputShape(std::size_t i) const { return m_inferred.at(i).shape; }
  DataType outputType(std::size_t i) const { return m_inferred.at(i).type; }

  /// Memory for output i with the inferred type and shape, or another shape where the kernel decides. Uninitialised.
  Tensor& makeOutput(std::size_t i, Layout layout = Layout::plain);
  Tensor& makeOutput(std::size_t i, const Shape& shape);
  /// Hands over a tensor made elsewhere (a view of an input, for example).
  void setOutput(std::size_t i, Tensor tensor) { m_outputs.at(i) = std::move(tensor); }
  /// Scratch memory from the executor's pool.
  Tensor scratch(DataType type, const Shape& shape) const { return m_allocate(type, shape, Layout::plain); }
  std::vector<Tensor>& outputs() { return m_outputs; }

  std::shared_ptr<KernelState>& state() { return m_state; }

  /// What the operations after this one do to output 0, for kernels that say they fuse; nullptr if nothing. Its shapes fit output 0.
  const Epilogue* epilogue() const { return m_epilogue; }
  void setEpilogue(const Epilogue* epilogue) { m_epilogue = epilogue; }

  /// For kernels of Attention that fuse: what was written out as several operations, instead of the inputs; nullptr if it was not.
  const AttentionCall* attention() const { return m_attention; }
  void setAttention(const AttentionCall* attention) { m_attention = attention; }

 private:
  const Network& m_network;
  const Operation& m_operation;
  const Context& m_context;
  std::vector<const Tensor*> m_inputs;
  std::vector<InferenceCall::Item> m_inferred;
  std::vector<Tensor> m_outputs;
  std::shared_ptr<KernelState>& m_state;
  std::function<Tensor(DataType, const Shape&, Layout)> m_allocate;
  const Epilogue* m_epilogue = nullptr;
  const AttentionCall* m_attention = nullptr;
};

/// What is known when a kernel is chosen: types and shapes of one call.
struct KernelQuery {
  const Network& network;
  const Operation& operation;
  std::span<const std::optional<InferenceCall::Item>> inputs;
};

/// Which layouts a kernel takes. The executor converts for the others.
enum class KernelLayouts : std::uint8_t {
  plain,        ///< plain only
  elementwise,  ///< any, as long as all inputs of the output's shape share one; it makes its output in that one
  any,          ///< each input may come in either; the kernel asks Tensor::layout()
  channelsLast, ///< input 0 channels-last, if its rank is 3 or more; the others plain
};

struct Kernel {
  std::string type, domain;
  std::string name;  ///< "reference", "eigen", "onednn": what "why not the fast one" answers with
  DeviceKind device = DeviceKind::cpu;
  KernelLayouts layouts = KernelLayouts::plain;
  /// Whether it does what KernelCall::epilogue() says; the operations after it are then part of its step. Of Attention: whether it takes
  /// KernelCall::attention(), in all floating types of its device.
  bool fuses = false;
  /// Empty if it takes the call, else the reason why not. Null: takes everything. Depends on types, shapes, attributes and
  /// whole-number inputs only: the answer is kept for calls with the same ones.
  std::function<std::string(const KernelQuery&)> declines;
  std::function<void(KernelCall&)> run;
};

/// Kernels by operation. Fast ones are added before the reference, and asked in that order.
class KernelRegistry {
 public:
  void add(Kernel kernel);
  /// In order of preference.
  std::vector<const Kernel*> candidates(const std::string& domain, const std::string& type, DeviceKind device) const;
  /// The first that takes the call, or nullptr; the reasons of those before it are appended to `reasons` if given.
  const Kernel* choose(const KernelQuery& query, DeviceKind device, std::vector<std::string>* reasons = nullptr) const;

 private:
  std::map<std::pair<std::string, std::string>, std::vector<Kernel>> m_kernels;
};

/// Every kernel that was built in: own fast ones first, then oneDNN, the reference last.
const KernelRegistry& kernelRegistry();
/// The reference kernels alone: what the fast ones are tested against.
const KernelRegistry& referenceKernels();

}  // namespace planish
