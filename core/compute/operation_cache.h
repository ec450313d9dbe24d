#pragma once

#include "core/compute/kernel_registry.h"

#include <list>
#include <memory>
#include <string>
#include <vector>

namespace planish {

/// What was found for one call of one operation: shapes of its outputs and the kernel that takes it.
struct Choice {
  std::vector<InferenceCall::Item> outputs;
  const Kernel* kernel = nullptr;
  std::string why;  ///< why no faster one: "onednn: 3 spatial dimensions"
  bool offDevice = false;  ///< no kernel of the device that was asked for takes it: it runs on the CPU
};

/// Tells whether a tensor is the one that was seen before, with the same elements, without reading or keeping them. A storage
/// that has died is never taken for a new one at its address.
class TensorIdentity {
 public:
  /// `shapeOnly`: type and shape are all that counts.
  explicit TensorIdentity(const Tensor* tensor, bool shapeOnly = false);
  bool matches(const Tensor* tensor) const;
  /// Whether nobody has the tensor any more, so that nothing can match.
  bool isGone() const { return !m_shapeOnly && m_storage.expired(); }

 private:
  DataType m_type = DataType::undefined;
  Layout m_layout = Layout::plain;
  Shape m_shape;
  std::weak_ptr<Storage> m_storage;
  bool m_shapeOnly;
};

/// What an executor remembers of one operation from run to run.
class OperationCache {
 public:
  struct Query {
    const Network& network;
    OperationId operation;
    const KernelRegistry& kernels;
    DeviceKind device;
  };
  /// Results of an operation whose inputs are fixed.
  struct Kept {
    std::vector<TensorIdentity> inputs;
    std::vector<Tensor> outputs;
    std::shared_ptr<const Choice> choice;
  };

  /// Infers shapes and asks kernels, or remembers. `fixed`: inputs that only change with weights. Throws Error(unsupported,
  /// invalidInput) without a place.
  std::shared_ptr<const Choice> choose(const Query& query, const std::vector<const Tensor*>& inputs, const std::vector<bool>& fixed);
  /// nullptr if there are none for these inputs.
  const Kept* kept(const std::vector<const Tensor*>& inputs, bool shapeOnly);
  void keep(const std::vector<const Tensor*>& inputs, bool shapeOnly, std::vector<Tensor> outputs, std::shared_ptr<const Choice> choice);
  std::shared_ptr<KernelState>& state(const Kernel& kernel);

 private:
  struct Remembered {
    std::vector<TensorIdentity> inputs;
    DeviceKind device;
    std::shared_ptr<const Choice> choice;
  };
  std::list<Remembered> m_choices;  ///< latest use first
  std::list<Kept> m_kept;           ///< latest use first
  std::list<std::pair<const Kernel*, std::shared_ptr<KernelState>>> m_states;
};

}  // namespace planish
