#pragma once

#include "core/base/progress.h"
#include "core/compute/kernel_registry.h"
#include "core/network/network.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace planish {

/// Tensors by value of the network.
using ValueMap = std::map<ValueId, Tensor>;

/// Replacement weights: a candidate network without a copy of the network. Tensors keep the weight's type and shape.
using WeightOverlay = std::map<ValueId, Tensor>;

/// Inputs of the operation that made a value, each as it is and in the layout it is in; null where the operation has none at that place. Nothing for
/// values that were given or made by several operations at once.
using ValueSources = std::span<const Tensor* const>;

/// Changes a value right after it was made (or given), before anybody reads it; it comes in the layout it was made in and may go back in any.
class ValueTransform {
 public:
  template <typename Change>
    requires std::is_invocable_r_v<Tensor, const Change&, const Tensor&>
  ValueTransform(Change change) : m_change([change = std::move(change)](const Tensor& made, ValueSources) { return change(made); }) {}
  /// One that looks at what the value was made from.
  template <typename Change>
    requires(!std::is_same_v<Change, ValueTransform> && std::is_invocable_r_v<Tensor, const Change&, const Tensor&, ValueSources>)
  ValueTransform(Change change) : m_change(std::move(change)) {}
  ValueTransform() = default;

  Tensor operator()(const Tensor& made, ValueSources sources) const { return m_change(made, sources); }

 private:
  std::function<Tensor(const Tensor&, ValueSources)> m_change;
};

using ValueTransforms = std::map<ValueId, ValueTransform>;

/// Called with each observed value in plain layout as soon as it is made (or given), after its transform, once in a run.
using ValueHook = std::function<void(ValueId, const Tensor&)>;

struct RunOptions {
  const WeightOverlay* overlay = nullptr;
  const ValueTransforms* transforms = nullptr;
  /// Values to observe, and who is told.
  std::vector<ValueId> observed;
  ValueHook hook;
  const Progress* progress = nullptr;  ///< asked for a stop between operations; Cancelled is thrown
  bool record = true;                  ///< the work of a device may be recorded, to be enqueued in one call by later runs
};

/// Runs slices of one network on one device. Not thread-safe: one executor a thread; they may share the network.
///
/// What was prepared in one run serves the next: the steps of a slice, shapes and kernels of each batch size, weights in the
/// kernels' order (again when an overlay brings others, known by their storage), results that depend on weights alone, and memory.
/// Values that nobody asked for may be fused away; asking for one (wanted, observed, transformed) makes it exist.
///
/// The same inputs give the same bytes in every run, for any number of threads, and for a picture wherever it stands in
/// whatever batch; except where explain() says "onednn", which promises it only for the same shapes and number of threads. Kept
/// cut values give the bytes of a full run, unless asking for them took a fused step apart: then sums are rounded once more.
class Executor {
 public:
  /// The network must outlive the executor.
  Executor(const Network& network, Context context, const KernelRegistry& kernels = kernelRegistry());
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Computes `wanted` from `given`: runs only the operations that stand between. Throws Error(unsupported) naming the
  /// operation that no kernel takes, Error(invalidInput) where shapes do not fit or an input is not given.
  /// Results may be in channels-last layout; toPlain() makes them plain. With a device they lie there, and the device may still be
  /// at work on them: reading their bytes waits and copies. Given as values of another run they stay there.
  ValueMap run(const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options = {});

  /// Which kernel each operation of the last run used, and why not a faster one: "Conv 'x': onednn", "Foo 'y': reference (...)".
  std::vector<std::string> explain() const;
  /// Operations of the last run that read or made values of the device and yet ran on the CPU, each with the reason; what works on
  /// shapes alone is not among them.
  std::vector<std::string> offDevice() const;
  /// The same in one line for people; empty if there are none.
  std::string offDeviceSummary() const;
  /// Most bytes of values alive at one time in the last run.
  std::int64_t peakBytes() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> m_implementation;
};

/// The values that must be given so that everything from `wanted` back to them can run: what is alive at a cut in front of
/// operation `first`, as far as `wanted` depends on it. Weights are not among them.
std::vector<ValueId> cutBefore(const Network& network, OperationId first, std::span<const ValueId> wanted);

}  // namespace planish
