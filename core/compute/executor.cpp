#include "core/compute/executor.h"

#include <algorithm>
#include <set>

namespace planish {
namespace {

/// Operations between `given` and `wanted`, in order.
std::vector<OperationId> slice(const Network& network, const Connections& connections, const ValueMap& given, const WeightOverlay* overlay,
                               std::span<const ValueId> wanted) {
  std::vector<bool> needed(static_cast<std::size_t>(network.operationCount()));
  std::vector<ValueId> open(wanted.begin(), wanted.end());
  std::vector<bool> seen(static_cast<std::size_t>(network.valueCount()));
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (!id.valid() || seen[static_cast<std::size_t>(id.index)]) continue;
    seen[static_cast<std::size_t>(id.index)] = true;
    const auto& value = network.value(id);
    if (given.count(id) || value.isConstant() || (overlay && overlay->count(id))) continue;
    const OperationId producer = connections.producer[static_cast<std::size_t>(id.index)];
    if (!producer.valid()) {
      throw Error(ErrorKind::invalidInput, value.missing ? "weight '" + printable(value.name) + "' is missing" : "no value was given for '" + printable(value.name) + "'")
          .in(network.file);
    }
    if (needed[static_cast<std::size_t>(producer.index)]) continue;
    needed[static_cast<std::size_t>(producer.index)] = true;
    for (const ValueId input : network.operation(producer).inputs) open.push_back(input);
  }
  std::vector<OperationId> order;
  for (std::int32_t i = 0; i < network.operationCount(); ++i)
    if (needed[static_cast<std::size_t>(i)]) order.push_back({i});
  return order;
}

}  // namespace

struct Executor::Implementation {
  const Network& network;
  Context context;
  const KernelRegistry& kernels;
  Connections connections;
  std::vector<std::shared_ptr<KernelState>> states;
  std::vector<std::string> explanation;
  std::int64_t alive = 0, peak = 0;

  Implementation(const Network& network, Context context, const KernelRegistry& kernels)
      : network(network), context(context), kernels(kernels), connections(network), states(static_cast<std::size_t>(network.operationCount())) {}

  void runOperation(OperationId id, ValueMap& values, const RunOptions& options);
};

void Executor::Implementation::runOperation(OperationId id, ValueMap& values, const RunOptions& options) {
  const auto& operation = network.operation(id);
  const auto* definition = operationRegistry().find(operation.domain, operation.type);
  std::vector<const Tensor*> arguments;
  std::vector<Tensor> plain(operation.inputs.size());
  std::vector<std::optional<InferenceCall::Item>> items;
  for (std::size_t i = 0; i < operation.inputs.size(); ++i) {
    const ValueId input = operation.inputs[i];
    if (!input.valid()) {
      arguments.push_back(nullptr);
      items.emplace_back();
      continue;
    }
    const Tensor* tensor = nullptr;
    if (const auto found = values.find(input); found != values.end()) tensor = &found->second;
    else if (options.overlay && options.overlay->count(input)) tensor = &options.overlay->at(input);
    else tensor = &network.value(input).constant;
    plain[i] = toPlain(*tensor);
    arguments.push_back(&plain[i]);
    items.push_back(InferenceCall::Item{tensor->type(), tensor->shape(), &plain[i]});
  }
  if (!definition) throw Error(ErrorKind::unsupported, "this program does not know the operation " + printable(operation.type)).at(network.describe(id));
  std::vector<InferenceCall::Item> outputs;
  const Kernel* kernel = nullptr;
  try {
    InferenceCall inference(network, operation, items);
    try {
      definition->infer(inference);
    } catch (const ValueUnknown&) {
      if (!definition->shapeFromKernel) throw Error(ErrorKind::failed, "its output's shape could not be found");
    }
    for (auto& output : inference.outputs()) outputs.push_back(output.value_or(InferenceCall::Item{}));
    std::vector<std::string> reasons;
    kernel = kernels.choose({network, operation, items}, context.device.kind, &reasons);
    std::string why;
    for (const auto& reason : reasons) why += (why.empty() ? "" : "; ") + reason;
    if (!kernel) throw Error(ErrorKind::unsupported, "no kernel takes it" + (why.empty() ? "" : " (" + why + ")"));
    explanation.push_back(network.describe(id) + ": " + kernel->name + (why.empty() ? "" : " (" + why + ")"));
    KernelCall call(network, operation, context, std::move(arguments), std::move(outputs), states[static_cast<std::size_t>(id.index)],
                    [](DataType type, const Shape& shape, Layout layout) {
                      Tensor tensor(type, shape);
                      return layout == Layout::plain ? tensor : Tensor(type, shape, tensor.storage(), layout);
                    });
    kernel->run(call);
    for (std::size_t i = 0; i < operation.outputs.size(); ++i) {
      const ValueId output = operation.outputs[i];
      if (!output.valid()) continue;
      Tensor made = std::move(call.outputs()[i]);
      if (!made.defined()) throw Error(ErrorKind::failed, "kernel '" + kernel->name + "' left output " + std::to_string(i) + " empty");
      if (options.transforms)
        if (const auto transform = options.transforms->find(output); transform != options.transforms->end()) made = transform->second(toPlain(made));
      if (std::find(options.observed.begin(), options.observed.end(), output) != options.observed.end() && options.hook) options.hook(output, toPlain(made));
      alive += made.byteSize();
      values.insert_or_assign(output, std::move(made));
    }
    peak = std::max(peak, alive);
  } catch (Error& error) {
    throw std::move(error).at(network.describe(id)).in(network.file);
  }
}

Executor::Executor(const Network& network, Context context, const KernelRegistry& kernels)
    : m_implementation(std::make_unique<Implementation>(network, context, kernels)) {}

Executor::~Executor() = default;

ValueMap Executor::run(const ValueMap& given, std::span<const ValueId> wanted, const RunOptions& options) {
  auto& self = *m_implementation;
  std::vector<ValueId> goals(wanted.begin(), wanted.end());
  goals.insert(goals.end(), options.observed.begin(), options.observed.end());
  const auto order = slice(self.network, self.connections, given, options.overlay, goals);
  std::map<ValueId, std::size_t> lastUse;
  for (std::size_t i = 0; i < order.size(); ++i)
    for (const ValueId input : self.network.operation(order[i]).inputs) lastUse[input] = i;
  const std::set<ValueId> kept(wanted.begin(), wanted.end());
  self.explanation.clear();
  self.alive = self.peak = 0;
  ValueMap values;
  for (const auto& [id, tensor] : given) {
    Tensor value = tensor;
    if (options.transforms)
      if (const auto transform = options.transforms->find(id); transform != options.transforms->end()) value = transform->second(toPlain(value));
    values[id] = std::move(value);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (options.progress) options.progress->throwIfStopped();
    self.runOperation(order[i], values, options);
    for (const ValueId input : self.network.operation(order[i]).inputs) {
      if (!input.valid() || lastUse[input] != i || kept.count(input)) continue;
      if (const auto dead = values.find(input); dead != values.end()) {
        self.alive -= dead->second.byteSize();
        values.erase(dead);
      }
    }
  }
  ValueMap results;
  for (const ValueId id : wanted) {
    if (const auto found = values.find(id); found != values.end()) results[id] = found->second;
    else if (options.overlay && options.overlay->count(id)) results[id] = options.overlay->at(id);
    else results[id] = self.network.value(id).constant;
  }
  return results;
}

std::vector<std::string> Executor::explain() const { return m_implementation->explanation; }

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
    for (const ValueId input : network.operation(producer).inputs) open.push_back(input);
  }
  return {cut.begin(), cut.end()};
}

}  // namespace planish
