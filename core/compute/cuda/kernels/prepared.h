#pragma once

#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/operation_cache.h"

#include <list>

namespace planish::cuda {

/// What a kernel made of its weights, for the network's own and some candidates': the tensors it was made of tell them apart.
class PreparedWeights : public KernelState {
 public:
  struct Entry {
    std::vector<TensorIdentity> identity;
    Tensor weight, bias;  ///< bias: float32, may be absent
    Tensor typedBias;     ///< the same in the weight's type, where the kernel wants it
  };

  /// The entry for these tensors, made by `make(entry)` if there is none. nullptr stands for an absent tensor.
  template <typename Make>
  static const Entry& of(KernelCall& call, const std::vector<const Tensor*>& parts, const Make& make) {
    if (!call.state()) call.state() = std::make_shared<PreparedWeights>();
    auto& kept = static_cast<PreparedWeights&>(*call.state()).m_kept;
    for (auto it = kept.begin(); it != kept.end(); ++it) {
      bool same = it->identity.size() == parts.size();
      for (std::size_t i = 0; same && i < parts.size(); ++i) same = it->identity[i].matches(parts[i]);
      if (!same) continue;
      kept.splice(kept.begin(), kept, it);
      return kept.front();
    }
    Entry entry;
    make(entry);
    for (const Tensor* part : parts) entry.identity.emplace_back(part);
    kept.push_front(std::move(entry));
    if (kept.size() > kKept) kept.pop_back();
    return kept.front();
  }

 private:
  static constexpr std::size_t kKept = 2;
  std::list<Entry> m_kept;  ///< latest use first
};

}  // namespace planish::cuda
