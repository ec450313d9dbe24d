#include "core/compute/executor.h"

#include "core/compute/cpu/conv.h"
#include "core/compute/device_library.h"
#include "core/compute/memory_pool.h"
#include "core/compute/operation_cache.h"
#include "core/compute/operations/movement.h"
#include "core/compute/program.h"
#include "core/compute/strided_view.h"
#include "core/compute/value_slot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <list>
#include <set>

namespace planish {
namespace {

constexpr std::size_t kProgramsKept = 256;
/// Tensors of at most so many elements stay with the host: lengths, axes, bounds, which kernels of the device want there.
constexpr std::int64_t kHostElements = 16;

/// What a device computes with; the rest (lengths, indices, text) is the host's.
bool isForDevice(const Tensor& tensor) {
  if (tensor.device().kind != DeviceKind::cpu) return true;
  switch (tensor.type()) {
    case DataType::float32: case DataType::float16: case DataType::bfloat16: case DataType::int8: case DataType::uint8: return tensor.count() > kHostElements;
    default: return false;
  }
}

/// What a run of a program with the network's own weights found in its fixed steps, for the next one with inputs of the same shapes.
struct Replay {
  struct Given {
    DataType type;
    Shape shape;
    Layout layout;
    Device device;
    bool operator==(const Given&) const = default;
  };
  std::vector<Given> given;
  std::vector<std::pair<int, Tensor>> slots;          ///< weights, and results of fixed steps that others read
  std::map<std::size_t, Shape> shapes;                ///< by step that reads a shape: which one
  std::int64_t peak = 0;

  static std::vector<Given> of(const ValueMap& given) {
    std::vector<Given> list;
    for (const auto& [id, tensor] : given) list.push_back({tensor.type(), tensor.shape(), tensor.layout(), tensor.device()});
    return list;
  }
};

/// Runs after which, and bytes of values up to which, the work of a replay is recorded: beyond, a device computes longer than the host needs to say what.
constexpr int kRunsBeforeRecording = 3;
constexpr std::int64_t kMostRecordedBytes = std::int64_t(64) << 20;
constexpr std::size_t kRecordingsKept = 8;

/// A replay as recorded work of a device, on inputs and results of its own.
struct Recorded {
  ValueMap given, results;
  std::unique_ptr<DeviceRecording> work;
};

/// A value has another shape than in the run that is replayed: it depends on more than shapes.
struct ShapesDiffer {};

/// The device's copies of one weight and of what an overlay put in its place.
class WeightCopies {
 public:
  const Tensor& of(DeviceEngines& engines, int device, const Tensor& host) {
    for (auto it = m_kept.begin(); it != m_kept.end(); ++it) {
      if (!it->first.matches(&host)) continue;
      m_kept.splice(m_kept.begin(), m_kept, it);
      return m_kept.front().second;
    }
    m_kept.emplace_front(TensorIdentity(&host), engines.toDevice(device, host));
    if (m_kept.size() > (host.byteSize() > kLarge ? kKeptLarge : kKept)) m_kept.pop_back();
    return m_kept.front().second;
  }
  /// Of overlays that are no more.
  void forgetGone() {
    std::erase_if(m_kept, [](const auto& item) { return item.first.isGone(); });
  }

 private:
  static constexpr std::int64_t kLarge = std::int64_t(16) << 20;
  static constexpr std::size_t kKept = 8, kKeptLarge = 2;
  std::list<std::pair<TensorIdentity, Tensor>> m_kept;  ///< latest use first
};

template <typename Range>
std::vector<ValueId> sorted(const Range& range) {
  std::vector<ValueId> ids(range.begin(), range.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

template <typename Map>
std::vector<ValueId> keys(const Map& map) {
  std::vector<ValueId> ids;
  for (const auto& [id, value] : map) ids.push_back(id);
  return ids;
}

bool readsOnlyShape(const Operation& operation) { return operation.type == "Shape" || operation.type == "Size"; }

float boundOf(const Tensor& tensor, float otherwise) {
  if (!tensor.defined() || tensor.count() != 1) return otherwise;
  return toFloat(tensor).data<float>()[0];
}

}  // namespace

struct Executor::Implementation {
  /// What was done to an operation in the last run.
  struct Done {
    OperationId operation, anchor;  ///< anchor: the operation it was fused into, or invalid
    std::shared_ptr<const Choice> choice;
  };

  const Network& network;
  Context context;
  DeviceEngines* engines;  ///< of the context's device; nullptr: everything is computed on the CPU
  const KernelRegistry& kernels;
  Connections connections;
  MemoryPool pool;
  struct Prepared {
    Program program;
    std::vector<bool> outer;  ///< by slot: fixed, and read by a step that is not, or wanted
    std::unique_ptr<Replay> replay;
    std::shared_ptr<const std::vector<Done>> replayed;
    int replays = 0;  ///< so far, until the work was recorded; -1: it cannot be
    std::unique_ptr<Recorded> recorded;
  };
  std::map<ProgramKey, Prepared> programs;
  std::vector<OperationCache> caches;
  std::map<ValueId, WeightCopies> copies;
  std::shared_ptr<std::vector<Done>> doing = std::make_shared<std::vector<Done>>();
  std::shared_ptr<const std::vector<Done>> done = doing;
  std::int64_t alive = 0, peak = 0;
  const Kernel* attentionKernel = nullptr;  ///< of the device, taking attention that was written out

  Implementation(const Network& network, Context context, const KernelRegistry& kernels)
      : network(network), context(context), engines(context.device.kind == DeviceKind::cpu ? nullptr : deviceLibrary().engines),
        kernels(engines && &kernels == &kernelRegistry() ? deviceKernels() : kernels), connections(network), caches(static_cast<std::size_t>(network.operationCount())) {
    if (engines)
      for (const Kernel* kernel : this->kernels.candidates("", "Attention", context.device.kind))
        if (kernel->fuses) attentionKernel = kernel;
  }

  Prepared& prepared(const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options);
  ValueMap runAnew(Prepared& prepared, const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options, bool remember);
  ValueMap runAgain(Prepared& prepared, const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options);
  bool record(Prepared& prepared, const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options);
  ValueMap runRecorded(const Prepared& prepared, const ValueMap& given, const RunOptions& options);
  class Run;
};

/// One run of one program.
class Executor::Implementation::Run {
 public:
  Run(Implementation& self, const Program& program, const RunOptions& options)
      : m_self(self), m_program(program), m_options(options), m_slots(static_cast<std::size_t>(program.slotCount)) {}

  void give(ValueId id, const Tensor& tensor) {
    if (m_program.slot(id) >= 0) set(id, m_self.engines && isForDevice(tensor) ? m_self.engines->toDevice(m_self.context.device.index, tensor) : tensor, false);
  }

  void fillWeights() {
    if (m_options.overlay)
      for (auto& [id, copies] : m_self.copies) copies.forgetGone();
    for (const auto& [slot, id] : m_program.weights) {
      const Tensor* tensor = &m_self.network.value(id).constant;
      if (m_options.overlay)
        if (const auto found = m_options.overlay->find(id); found != m_options.overlay->end()) tensor = &found->second;
      if (m_self.engines && isForDevice(*tensor)) tensor = &m_self.copies[id].of(*m_self.engines, m_self.context.device.index, *tensor);
      m_slots[static_cast<std::size_t>(slot)].set(*tensor);
    }
  }

  void step(const Step& step, Replay* replay = nullptr, const std::vector<bool>& outer = {}, std::size_t index = 0) {
    if (!step.bottleneck.empty()) {
      if (!runBottleneck(step.bottleneck))
        for (const auto& group : step.bottleneck)
          runParts(group);
    } else if (step.group) {
      runParts(*step.group);
    } else {
      for (const OperationId id : step.operations) {
        if (step.fixed) runFixed(id);
        else runOperation(id);
      }
    }
    if (replay && step.fixed) {
      const auto& operation = m_self.network.operation(step.operations[0]);
      // What is fixed itself has the same shape again, and need not be there.
      if (readsOnlyShape(operation) && !m_program.fixed[static_cast<std::size_t>(m_program.slot(operation.input(0)))]) replay->shapes[index] = shapeRead(step);
      for (const ValueId output : operation.outputs)
        if (const int slot = m_program.slot(output); slot >= 0 && outer[static_cast<std::size_t>(slot)]) remember(slot, *replay);
    }
    release(step);
  }

  void release(const Step& step) {
    for (const int slot : step.releases) {
      auto& value = m_slots[static_cast<std::size_t>(slot)];
      m_self.alive -= value.counted();
      value.clear();
    }
  }

  void put(int slot, const Tensor& tensor) { m_slots[static_cast<std::size_t>(slot)].set(tensor); }
  void remember(int slot, Replay& replay) const { replay.slots.emplace_back(slot, m_slots[static_cast<std::size_t>(slot)].tensor()); }
  const Shape& shapeRead(const Step& step) const { return slot(m_self.network.operation(step.operations[0]).input(0)).tensor().shape(); }

  const Tensor& result(ValueId id) const { return slot(id).tensor(); }

 private:
  ValueSlot& slot(ValueId id) { return m_slots[static_cast<std::size_t>(m_program.slot(id))]; }
  const ValueSlot& slot(ValueId id) const { return m_slots[static_cast<std::size_t>(m_program.slot(id))]; }
  OperationCache& cache(OperationId id) { return m_self.caches[static_cast<std::size_t>(id.index)]; }

  /// Puts a value where the others find it, after transforming it, and shows it to the hook.
  void set(ValueId id, Tensor tensor, bool made, ValueSources sources = {}) {
    if (m_options.transforms)
      if (const auto transform = m_options.transforms->find(id); transform != m_options.transforms->end()) {
        tensor = transform->second(tensor, sources);
        if (m_self.engines && isForDevice(tensor)) tensor = m_self.engines->toDevice(m_self.context.device.index, tensor);
      }
    const std::int64_t size = made ? tensor.byteSize() : 0;
    slot(id).set(std::move(tensor), size);
    m_self.alive += size;
    m_self.peak = std::max(m_self.peak, m_self.alive);
    if (m_options.hook && std::find(m_options.observed.begin(), m_options.observed.end(), id) != m_options.observed.end())
      m_options.hook(id, slot(id).in(Layout::plain, m_self.pool, m_self.context.threads));
  }

  std::vector<const Tensor*> arguments(OperationId id) {
    std::vector<const Tensor*> list;
    for (const ValueId input : m_self.network.operation(id).inputs) list.push_back(input.valid() ? &slot(input).tensor() : nullptr);
    return list;
  }

  std::shared_ptr<const Choice> choose(OperationId id, const std::vector<const Tensor*>& inputs) {
    const auto& operation = m_self.network.operation(id);
    std::vector<bool> fixed(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i)
      fixed[i] = inputs[i] && m_program.fixed[static_cast<std::size_t>(m_program.slot(operation.inputs[i]))];
    // With a device, what touches nothing that lies there is the host's work: shapes, mostly.
    const bool there = !m_self.engines || std::any_of(inputs.begin(), inputs.end(), [](const Tensor* input) { return input && isForDevice(*input); });
    return cache(id).choose({m_self.network, id, m_self.kernels, there ? m_self.context.device.kind : DeviceKind::cpu}, inputs, fixed);
  }

  /// Runs the kernel and returns its outputs.
  std::vector<Tensor> call(OperationId id, const Choice& choice, std::vector<const Tensor*> inputs, const Epilogue* epilogue, bool passing = true) {
    const auto& operation = m_self.network.operation(id);
    const Kernel& kernel = *choice.kernel;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i]) inputs[i] = &slot(operation.inputs[i]).in(wantedLayout(kernel, choice, inputs, i), m_self.pool, m_self.context.threads);
    KernelCall call(m_self.network, operation, m_self.context, std::move(inputs), choice.outputs, cache(id).state(kernel),
                    [this, passing, onDevice = m_self.engines && kernel.device != DeviceKind::cpu](DataType type, const Shape& shape, Layout layout) {
                      return onDevice ? m_self.engines->allocate(m_self.context.device.index, type, shape, layout) : m_self.pool.allocate(type, shape, layout, passing);
                    });
    call.setEpilogue(epilogue);
    kernel.run(call);
    for (std::size_t i = 0; i < operation.outputs.size(); ++i)
      if (operation.outputs[i].valid() && !call.outputs()[i].defined())
        throw Error(ErrorKind::failed, "kernel '" + kernel.name + "' left output " + std::to_string(i) + " empty");
    return std::move(call.outputs());
  }

  static Layout wantedLayout(const Kernel& kernel, const Choice& choice, const std::vector<const Tensor*>& inputs, std::size_t i) {
    switch (kernel.layouts) {
      case KernelLayouts::plain: return Layout::plain;
      case KernelLayouts::any: return inputs[i]->layout();
      case KernelLayouts::channelsLast: return i == 0 && inputs[0]->shape().rank() >= 3 ? Layout::channelsLast : Layout::plain;
      case KernelLayouts::elementwise: break;
    }
    // Channels-last only if that costs no conversion and leaves nothing to stretch.
    const Shape& shape = choice.outputs[0].shape;
    for (const Tensor* input : inputs) {
      if (!input || input->count() == 1) continue;
      if (input->layout() != Layout::channelsLast || input->shape() != shape) return Layout::plain;
    }
    return inputs[i]->count() == 1 ? Layout::plain : Layout::channelsLast;
  }

  void runOperation(OperationId id) {
    const auto inputs = arguments(id);
    try {
      const auto choice = choose(id, inputs);
      store(id, call(id, *choice, inputs, nullptr), inputs);
      m_self.doing->push_back({id, {}, choice});
    } catch (Error& error) {
      throw std::move(error).at(m_self.network.describe(id)).in(m_self.network.file);
    }
  }

  void store(OperationId id, std::vector<Tensor> outputs, ValueSources sources) {
    const auto& operation = m_self.network.operation(id);
    for (std::size_t i = 0; i < operation.outputs.size(); ++i)
      if (operation.outputs[i].valid()) set(operation.outputs[i], std::move(outputs[i]), true, sources);
  }

  void runFixed(OperationId id) {
    const auto& operation = m_self.network.operation(id);
    const bool shapeOnly = readsOnlyShape(operation);
    const auto inputs = arguments(id);
    try {
      if (const auto* kept = cache(id).kept(inputs, shapeOnly)) {
        store(id, kept->outputs, inputs);
        m_self.doing->push_back({id, {}, kept->choice});
        return;
      }
      const auto choice = choose(id, inputs);
      auto outputs = call(id, *choice, inputs, nullptr, false);
      cache(id).keep(inputs, shapeOnly, outputs, choice);
      store(id, std::move(outputs), inputs);
      m_self.doing->push_back({id, {}, choice});
    } catch (Error& error) {
      throw std::move(error).at(m_self.network.describe(id)).in(m_self.network.file);
    }
  }

  /// A view of what `factor` reads, after its steps; `scale` takes up the numbers on the way. Nothing where a step cannot be a view.
  std::optional<StridedView> viewOf(const AttentionParts::Factor& factor, double& scale) {
    StridedView view(slot(factor.source).in(Layout::plain, m_self.pool, m_self.context.threads));
    const auto& storage = view.tensor->storage();
    ValueId value = factor.source;
    for (std::size_t i = 0; i < factor.views.size(); ++i) {
      const OperationId id = factor.views[i];
      const auto& operation = m_self.network.operation(id);
      if (operation.type == "Mul" || operation.type == "Div") {
        if (!takeScale(operation, value, scale)) return {};
        value = operation.output(0);
        continue;
      }
      const Tensor standIn(view.tensor->type(), Shape(view.sizes), storage);  // for its shape
      auto inputs = arguments(id);
      inputs[0] = &standIn;
      const auto choice = choose(id, inputs);
      std::size_t output = 0;
      for (; output < operation.outputs.size(); ++output) {
        const ValueId made = operation.outputs[output];
        if (!made.valid()) continue;
        if (i + 1 == factor.views.size() ? made == factor.end : std::ranges::count(m_self.network.operation(factor.views[i + 1]).inputs, made) != 0) break;
      }
      if (output == operation.outputs.size()) return {};
      std::int64_t first = 0;
      if (operation.type == "Gather") {
        if (!inputs[1] || inputs[1]->count() != 1 || inputs[1]->device().kind != DeviceKind::cpu) return {};
        first = toIntegers(*inputs[1])[0];
      } else if (operation.type == "Split") {
        const int axis = normalizedAxis(operation.attributes.whole("axis", 0), standIn.shape().rank());
        for (std::size_t before = 0; before < output; ++before) first += choice->outputs[before].shape[axis];
      }
      if (!view.apply(operation, choice->outputs[output].shape, first)) return {};
      value = operation.outputs[output];
    }
    return view;
  }

  bool takeScale(const Operation& operation, ValueId value, double& scale) {
    const Tensor& number = slot(operation.inputs[0] == value ? operation.inputs[1] : operation.inputs[0]).tensor();
    if (!number.defined() || number.count() != 1 || !isFloating(number.type())) return false;
    const double factor = static_cast<double>(toFloat(number).data<float>()[0]);
    scale = operation.type == "Div" ? scale / factor : scale * factor;
    return std::isfinite(scale);
  }

  /// False if no kernel does it at once or a factor is no view.
  bool runAttention(const FusedGroup& group) {
    const AttentionParts& parts = *group.attention;
    const auto& network = m_self.network;
    AttentionCall attention;
    for (const OperationId id : parts.scales)
      if (!takeScale(network.operation(id), scaledBy(network.operation(id)), attention.scale)) return false;
    const auto query = viewOf(parts.query, attention.scale), key = viewOf(parts.keyTurned, attention.scale), value = viewOf(parts.value, attention.scale);
    if (!query || !key || !value) return false;
    attention.query = *query, attention.key = *key, attention.value = *value;
    const DataType type = query->tensor->type();
    const std::size_t rank = query->sizes.size();
    for (auto* view : {&attention.query, &attention.key, &attention.value}) {
      if (view->sizes.size() != rank || view->tensor->type() != type || view->tensor->device().kind == DeviceKind::cpu) return false;
      if (rank == 3) view->sizes.insert(view->sizes.begin() + 1, 1), view->strides.insert(view->strides.begin() + 1, 0);
    }
    if ((rank != 3 && rank != 4) || (type != DataType::float32 && type != DataType::float16 && type != DataType::bfloat16)) return false;
    std::swap(attention.key.sizes[2], attention.key.sizes[3]);
    std::swap(attention.key.strides[2], attention.key.strides[3]);
    const auto &q = attention.query.sizes, &k = attention.key.sizes, &v = attention.value.sizes;
    for (const std::size_t axis : {0, 1})
      if (q[axis] != k[axis] || q[axis] != v[axis]) return false;
    if (k[2] != v[2] || q[3] != k[3] || q[0] * q[1] * q[2] * v[3] == 0 || k[2] == 0) return false;
    const auto& softmax = network.operation(parts.softmax);
    if (normalizedAxis(softmax.attributes.whole("axis", -1), static_cast<int>(rank)) + 1 != static_cast<int>(rank)) return false;
    if (parts.mask.valid()) {
      attention.mask = StridedView(slot(parts.mask).in(Layout::plain, m_self.pool, m_self.context.threads));
      std::vector<std::int64_t> scores{q[0], q[2], k[2]};
      if (rank == 4) scores.insert(scores.begin() + 1, q[1]);
      if (attention.mask.tensor->type() != type || !attention.mask.expand(scores)) return false;
      if (rank == 3) attention.mask.sizes.insert(attention.mask.sizes.begin() + 1, 1), attention.mask.strides.insert(attention.mask.strides.begin() + 1, 0);
    }
    std::vector<std::int64_t> made{q[0], q[2], v[3]};
    if (rank == 4) made.insert(made.begin() + 1, q[1]);
    Shape shape(made);
    std::vector<std::int64_t> strides = shape.strides();
    OperationId last = parts.product;
    for (const OperationId id : parts.after) {
      const auto& storage = query->tensor->storage();
      const bool fits = storage->size() >= shape.count() * bitsOf(type) / 8;
      const Tensor standIn(type, shape, fits ? storage : m_self.engines->allocate(m_self.context.device.index, type, shape, Layout::plain).storage());
      auto inputs = arguments(id);
      inputs[0] = &standIn;
      const auto choice = choose(id, inputs);
      shape = choice->outputs[0].shape;
      if (network.operation(id).type == "Transpose") {
        if (last != parts.product) return false;
        const auto order = operations::transposeOrder(network.operation(id).attributes, static_cast<int>(rank));
        const auto laid = shape.strides();
        for (std::size_t i = 0; i < order.size(); ++i) strides[static_cast<std::size_t>(order[i])] = laid[i];
      }
      last = id;
    }
    if (rank == 3) strides.insert(strides.begin() + 1, 0);
    attention.resultStrides = std::move(strides);
    auto choice = std::make_shared<Choice>();
    choice->outputs = {{type, shape, nullptr}};
    choice->kernel = m_self.attentionKernel;
    try {
      std::vector<const Tensor*> inputs{attention.query.tensor, attention.key.tensor, attention.value.tensor};
      KernelCall call(network, network.operation(last), m_self.context, std::move(inputs), choice->outputs, cache(last).state(*choice->kernel),
                      [this](DataType of, const Shape& size, Layout layout) { return m_self.engines->allocate(m_self.context.device.index, of, size, layout); });
      call.setAttention(&attention);
      choice->kernel->run(call);
      if (!call.outputs()[0].defined()) return false;
      set(group.output, std::move(call.outputs()[0]), true);
    } catch (Error& error) {
      throw std::move(error).at(network.describe(group.anchor)).in(network.file);
    }
    m_self.doing->push_back({group.anchor, {}, choice});
    return true;
  }

  /// The side of a Mul or Div of the scores that is not the number.
  ValueId scaledBy(const Operation& operation) const {
    const ValueId second = operation.inputs[1];
    return m_program.fixed[static_cast<std::size_t>(m_program.slot(second))] ? operation.inputs[0] : second;
  }

  /// The group at once, or its operations one by one.
  void runParts(const FusedGroup& group) {
    if (runGroup(group)) return tellParts(group);
    for (const OperationId id : group.members)
      runOperation(id);
  }

  void tellParts(const FusedGroup& group) {
    for (const OperationId id : group.members)
      if (id != group.anchor) m_self.doing->push_back({id, group.anchor, nullptr});
  }

  /// The shape of a value that is not made.
  class Unmade : public Storage {
   public:
    explicit Unmade(std::int64_t size) : m_size(size) {}
    const std::byte* bytes() const override { return nullptr; }
    std::int64_t size() const override { return m_size; }

   private:
    std::int64_t m_size;
  };

  /// False if the kernels or the shapes do not allow to do the three at once.
  bool runBottleneck(const std::vector<FusedGroup>& groups) {
    constexpr std::size_t kParts = 3;
    std::array<std::vector<const Tensor*>, kParts> inputs;
    std::array<std::shared_ptr<const Choice>, kParts> choices;
    std::array<Epilogue, kParts> epilogues;
    std::array<Tensor, kParts> unmade;
    std::size_t part = 0;
    try {
      for (; part < kParts; ++part) {
        const FusedGroup& group = groups[part];
        inputs[part] = arguments(group.anchor);
        if (part > 0) inputs[part][0] = &unmade[part - 1];
        choices[part] = choose(group.anchor, inputs[part]);
        const auto& made = choices[part]->outputs[0];
        if (!cpu::isPackedConvolution(*choices[part]->kernel) || made.type != DataType::float32 ||
            made.shape.rank() != 4 || made.shape.count() == 0)
          return false;
        if (!describe(group, made.type, made.shape, epilogues[part])) return false;
        for (std::size_t i = 1; i < inputs[part].size(); ++i)
          if (inputs[part][i])
            inputs[part][i] = &slot(m_self.network.operation(group.anchor).inputs[i])
                                   .in(Layout::plain, m_self.pool, m_self.context.threads);
        unmade[part] = Tensor(made.type, made.shape,
                              std::make_shared<Unmade>(made.shape.count() * std::int64_t(sizeof(float))));
      }
      part = 0;
      const auto allocate = [this](DataType type, const Shape& shape, Layout layout) {
        return m_self.pool.allocate(type, shape, layout, true);
      };
      inputs[0][0] = &slot(m_self.network.operation(groups[0].anchor).inputs[0])
                          .in(Layout::channelsLast, m_self.pool, m_self.context.threads);
      if (groups[2].residual.valid())
        epilogues[2].residual =
            &slot(groups[2].residual).in(Layout::channelsLast, m_self.pool, m_self.context.threads);
      const auto call = [&](std::size_t i) {
        const OperationId id = groups[i].anchor;
        return KernelCall(m_self.network, m_self.network.operation(id), m_self.context, inputs[i],
                          choices[i]->outputs, cache(id).state(*choices[i]->kernel), allocate);
      };
      KernelCall widen = call(0), filter = call(1), narrow = call(2);
      widen.setEpilogue(&epilogues[0]);
      filter.setEpilogue(&epilogues[1]);
      narrow.setEpilogue(&epilogues[2]);
      if (!cpu::runBottleneck(widen, filter, narrow)) return false;
      for (part = 0; part < kParts; ++part) {
        m_self.doing->push_back({groups[part].anchor, {}, choices[part]});
        if (part + 1 == kParts) set(groups[part].output, std::move(narrow.outputs()[0]), true);
        tellParts(groups[part]);
      }
      return true;
    } catch (Error& error) {
      throw std::move(error)
          .at(m_self.network.describe(groups[std::min(part, kParts - 1)].anchor))
          .in(m_self.network.file);
    }
  }

  /// False if the anchor's kernel or the shapes do not allow to do the group at once.
  bool runGroup(const FusedGroup& group) {
    if (group.attention) return runAttention(group);
    const auto inputs = arguments(group.anchor);
    try {
      const auto choice = choose(group.anchor, inputs);
      const Shape& shape = choice->outputs[0].shape;
      const DataType type = choice->outputs[0].type;
      const bool half = choice->kernel->device != DeviceKind::cpu && (type == DataType::float16 || type == DataType::bfloat16);
      if (!choice->kernel->fuses || (type != DataType::float32 && !half) || shape.count() == 0) return false;
      Epilogue epilogue;
      if (!describe(group, type, shape, epilogue)) return false;
      if (group.residual.valid()) {
        const bool last = choice->kernel->layouts == KernelLayouts::channelsLast && shape.rank() >= 3;
        epilogue.residual = &slot(group.residual).in(last ? Layout::channelsLast : Layout::plain, m_self.pool, m_self.context.threads);
      }
      auto outputs = call(group.anchor, *choice, inputs, &epilogue);
      set(group.output, std::move(outputs[0]), true);
      m_self.doing->push_back({group.anchor, {}, choice});
      return true;
    } catch (Error& error) {
      throw std::move(error).at(m_self.network.describe(group.anchor)).in(m_self.network.file);
    }
  }

  bool describe(const FusedGroup& group, DataType type, const Shape& shape, Epilogue& epilogue) {
    const auto isVector = [type](const Tensor& tensor, std::int64_t count) {
      return tensor.type() == type && tensor.shape().rank() == 1 && tensor.shape()[0] == count;
    };
    if (group.normalization.valid()) {
      const auto& operation = m_self.network.operation(group.normalization);
      std::array<const Tensor*, 4> parts{};
      for (std::size_t i = 0; i < 4; ++i) {
        parts[i] = &slot(operation.inputs[i + 1]).tensor();
        if (shape.rank() < 2 || !isVector(*parts[i], shape[1])) return false;
      }
      epilogue.normalization = {parts[0], parts[1], parts[2], parts[3], operation.attributes.number("epsilon", 1e-5F)};
    }
    if (group.bias.valid()) {
      epilogue.bias = &slot(group.bias).tensor();
      if (shape.rank() < 1 || !isVector(*epilogue.bias, shape[-1])) return false;
    }
    if (group.residual.valid()) {
      const Tensor& residual = slot(group.residual).tensor();
      if (residual.type() != type || residual.shape() != shape) return false;
    }
    epilogue.activation = group.activation;
    if (group.low.valid()) epilogue.activation.low = boundOf(slot(group.low).tensor(), epilogue.activation.low);
    if (group.high.valid()) epilogue.activation.high = boundOf(slot(group.high).tensor(), epilogue.activation.high);
    return true;
  }

  Implementation& m_self;
  const Program& m_program;
  const RunOptions& m_options;
  std::vector<ValueSlot> m_slots;
};

Executor::Implementation::Prepared& Executor::Implementation::prepared(const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options) {
  ProgramKey key;
  key.attention = attentionKernel != nullptr;
  key.bottlenecks = &kernels == &kernelRegistry();  // not the kernels of a device, nor a choice of them
  key.given = keys(given);
  key.wanted = sorted(wanted);
  key.observed = sorted(options.observed);
  if (options.transforms) key.transformed = keys(*options.transforms);
  if (options.overlay)
    for (const auto& [id, tensor] : *options.overlay)
      if (!network.value(id).isConstant()) key.overlaid.push_back(id);
  if (const auto found = programs.find(key); found != programs.end()) return found->second;
  Prepared made;
  made.program = makeProgram(network, connections, key);
  made.outer.assign(static_cast<std::size_t>(made.program.slotCount), false);
  const auto mark = [&](ValueId id) {
    if (const int slot = made.program.slot(id); slot >= 0 && made.program.fixed[static_cast<std::size_t>(slot)]) made.outer[static_cast<std::size_t>(slot)] = true;
  };
  for (const ValueId id : wanted) mark(id);
  for (const Step& step : made.program.steps)
    if (!step.fixed)
      for (const OperationId id : step.operations)
        for (const auto* list : {&network.operation(id).inputs, &network.operation(id).captured}) std::ranges::for_each(*list, mark);
  if (programs.size() >= kProgramsKept) programs.clear();
  return programs.emplace(std::move(key), std::move(made)).first->second;
}

Executor::Executor(const Network& network, Context context, const KernelRegistry& kernels)
    : m_implementation(std::make_unique<Implementation>(network, context, kernels)) {}

Executor::~Executor() = default;

ValueMap Executor::run(const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options) {
  auto& self = *m_implementation;
  auto& prepared = self.prepared(given, wanted, options);
  const bool repeatable = (!options.overlay || options.overlay->empty()) && (!options.transforms || options.transforms->empty()) && options.observed.empty();
  if (repeatable && prepared.replay && prepared.replay->given == Replay::of(given)) {
    try {
      if (options.record && (prepared.recorded || self.record(prepared, given, wanted, options))) return self.runRecorded(prepared, given, options);
      return self.runAgain(prepared, given, wanted, options);
    } catch (const ShapesDiffer&) {
      prepared.replay.reset();
    }
  }
  return self.runAnew(prepared, given, wanted, options, repeatable);
}

ValueMap Executor::Implementation::runAnew(Prepared& prepared, const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options, bool remember) {
  doing = std::make_shared<std::vector<Done>>();
  done = doing;
  alive = peak = 0;
  auto replay = remember ? std::make_unique<Replay>() : nullptr;
  if (remember) {
    prepared.recorded.reset();
    prepared.replays = 0;
  }
  Run run(*this, prepared.program, options);
  run.fillWeights();
  if (replay)
    for (const auto& [slot, id] : prepared.program.weights) run.remember(slot, *replay);
  for (const auto& [id, tensor] : given) run.give(id, tensor);
  for (std::size_t i = 0; i < prepared.program.steps.size(); ++i) {
    if (options.progress) options.progress->throwIfStopped();
    run.step(prepared.program.steps[i], replay.get(), prepared.outer, i);
  }
  ValueMap results;
  for (const ValueId id : wanted) results[id] = run.result(id);
  if (replay) {
    replay->given = Replay::of(given);
    replay->peak = peak;
    prepared.replay = std::move(replay);
    prepared.replayed = doing;
  }
  return results;
}

ValueMap Executor::Implementation::runAgain(Prepared& prepared, const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options) {
  const Replay& replay = *prepared.replay;
  doing = std::make_shared<std::vector<Done>>();
  alive = peak = 0;
  Run run(*this, prepared.program, options);
  for (const auto& [slot, tensor] : replay.slots) run.put(slot, tensor);
  for (const auto& [id, tensor] : given) run.give(id, tensor);
  for (std::size_t i = 0; i < prepared.program.steps.size(); ++i) {
    const Step& step = prepared.program.steps[i];
    if (!step.fixed) {
      if (options.progress) options.progress->throwIfStopped();
      run.step(step);
      continue;
    }
    if (const auto shape = replay.shapes.find(i); shape != replay.shapes.end() && run.shapeRead(step) != shape->second) throw ShapesDiffer();
    run.release(step);
  }
  done = prepared.replayed;
  peak = replay.peak;
  ValueMap results;
  for (const ValueId id : wanted) results[id] = run.result(id);
  return results;
}

/// Where launches take longer than what they launch: records the work of a replay on the device. False if it is not worth while (yet) or not possible.
bool Executor::Implementation::record(Prepared& prepared, const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options) {
  if (!engines || prepared.replays < 0 || prepared.replay->peak > kMostRecordedBytes || ++prepared.replays < kRunsBeforeRecording) return false;
  prepared.replays = -1;
  const auto onDevice = [](const auto& item) { return item.second.device().kind != DeviceKind::cpu; };
  if (!std::ranges::all_of(given, [](const auto& item) { return isForDevice(item.second); })) return false;
  if (std::ranges::count_if(programs, [](const auto& item) { return item.second.recorded != nullptr; }) >= std::ptrdiff_t(kRecordingsKept)) return false;
  auto made = std::make_unique<Recorded>();
  for (const auto& [id, tensor] : given) {
    made->given[id] = engines->allocate(context.device.index, tensor.type(), tensor.shape(), tensor.layout());
    engines->assign(made->given[id], tensor);
  }
  // Without the progress: half of the work is none.
  RunOptions quiet;
  made->work = engines->record(context.device.index, [&] { made->results = runAgain(prepared, made->given, wanted, quiet); });
  if (!made->work || !std::ranges::all_of(made->results, onDevice)) return false;
  prepared.recorded = std::move(made);
  return true;
}

ValueMap Executor::Implementation::runRecorded(const Prepared& prepared, const ValueMap& given, const RunOptions& options) {
  if (options.progress) options.progress->throwIfStopped();
  const Recorded& recorded = *prepared.recorded;
  for (const auto& [id, tensor] : given) engines->assign(recorded.given.at(id), tensor);
  recorded.work->replay();
  ValueMap results;
  for (const auto& [id, tensor] : recorded.results) {
    results[id] = engines->allocate(context.device.index, tensor.type(), tensor.shape(), tensor.layout());
    engines->assign(results[id], tensor);
  }
  done = prepared.replayed;
  peak = prepared.replay->peak;
  return results;
}

std::vector<std::string> Executor::explain() const {
  const auto& self = *m_implementation;
  std::vector<std::string> lines;
  for (const auto& done : *self.done) {
    std::string line = self.network.describe(done.operation) + ": ";
    if (done.choice) line += done.choice->kernel->name + (done.choice->why.empty() ? "" : " (" + done.choice->why + ")");
    else line += "part of " + self.network.describe(done.anchor);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> Executor::offDevice() const {
  const auto& self = *m_implementation;
  std::vector<std::string> lines;
  for (const auto& done : *self.done)
    if (done.choice && done.choice->offDevice) lines.push_back(self.network.describe(done.operation) + ": " + done.choice->why);
  return lines;
}

std::string Executor::offDeviceSummary() const {
  constexpr std::size_t kMostNamed = 3;
  const auto lines = offDevice();
  if (lines.empty()) return {};
  std::string text = std::to_string(lines.size()) + (lines.size() == 1 ? " operation is" : " operations are") + " computed on the CPU: ";
  for (std::size_t i = 0; i < std::min(kMostNamed, lines.size()); ++i) text += (i ? "; " : "") + lines[i];
  return text + (lines.size() > kMostNamed ? "; ..." : "");
}

std::int64_t Executor::peakBytes() const { return m_implementation->peak; }

std::vector<ValueId> cutBefore(const Network& network, OperationId first, std::span<const ValueId> wanted) {
  const Connections connections(network);
  std::set<ValueId> cut;
  std::vector<ValueId> open(wanted.begin(), wanted.end());
  std::set<ValueId> seen;
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (!id.valid() || !seen.insert(id).second || network.value(id).isConstant()) continue;
    const OperationId producer = connections.producer[static_cast<std::size_t>(id.index)];
    if (!producer.valid() || producer < first) {
      cut.insert(id);
      continue;
    }
    const auto& operation = network.operation(producer);
    for (const auto* list : {&operation.inputs, &operation.captured}) open.insert(open.end(), list->begin(), list->end());
  }
  return {cut.begin(), cut.end()};
}

}  // namespace planish
