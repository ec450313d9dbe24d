#include "core/compute/operation_cache.h"

namespace planish {
namespace {

/// Full batches, the last one, and one or two more.
constexpr std::size_t kRemembered = 4;
/// Larger weights are never read to find a shape.
constexpr std::int64_t kReadForShapes = 4096;

bool matches(const std::vector<TensorIdentity>& kept, const std::vector<const Tensor*>& inputs) {
  if (kept.size() != inputs.size()) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!kept[i].matches(inputs[i])) return false;
  return true;
}

template <typename List, typename Fits>
typename List::value_type* find(List& list, const std::vector<const Tensor*>& inputs, const Fits& fits) {
  for (auto it = list.begin(); it != list.end(); ++it) {
    if (!fits(*it) || !matches(it->inputs, inputs)) continue;
    list.splice(list.begin(), list, it);
    return &list.front();
  }
  return nullptr;
}

/// The outputs' shapes and types, or nothing if they depend on a value that is not among the known ones.
std::optional<std::vector<InferenceCall::Item>> infer(const OperationCache::Query& query, const OperationDefinition& definition,
                                                     const std::vector<std::optional<InferenceCall::Item>>& items) {
  InferenceCall inference(query.network, query.network.operation(query.operation), items);
  try {
    definition.infer(inference);
  } catch (const ValueUnknown&) {
    if (!definition.shapeFromKernel) return {};
  }
  std::vector<InferenceCall::Item> outputs;
  for (auto& output : inference.outputs()) outputs.push_back(output.value_or(InferenceCall::Item{}));
  return outputs;
}

}  // namespace

TensorIdentity::TensorIdentity(const Tensor* tensor, bool shapeOnly) : m_shapeOnly(shapeOnly) {
  if (!tensor) return;
  m_type = tensor->type();
  m_layout = tensor->layout();
  m_shape = tensor->shape();
  if (!shapeOnly) m_storage = tensor->storage();
}

bool TensorIdentity::matches(const Tensor* tensor) const {
  if (!tensor) return m_type == DataType::undefined;
  if (m_type != tensor->type() || m_shape != tensor->shape()) return false;
  if (m_shapeOnly) return true;
  const auto& storage = tensor->storage();
  return storage && m_layout == tensor->layout() && !m_storage.owner_before(storage) && !storage.owner_before(m_storage);
}

std::shared_ptr<const Choice> OperationCache::choose(const Query& query, const std::vector<const Tensor*>& inputs, const std::vector<bool>& fixed) {
  if (const auto* found = find(m_choices, inputs, [&](const Remembered& one) { return one.device == query.device; })) return found->choice;
  const auto& operation = query.network.operation(query.operation);
  const auto* definition = operationRegistry().find(operation.domain, operation.type);
  if (!definition) throw Error(ErrorKind::unsupported, "this program does not know the operation " + printable(operation.type));
  std::vector<std::optional<InferenceCall::Item>> all, known;
  std::vector<Tensor> plain(inputs.size());
  std::vector<TensorIdentity> identities;
  bool remember = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor* tensor = inputs[i];
    if (!tensor) {
      all.emplace_back();
      known.emplace_back();
      identities.emplace_back(nullptr);
      continue;
    }
    // Values are read in plain layout; a large one is never read, and not converted for nothing.
    if (tensor->type() == DataType::string || tensor->layout() == Layout::plain) plain[i] = *tensor;
    else if (tensor->count() <= kReadForShapes) plain[i] = toPlain(*tensor);
    const Tensor* value = plain[i].defined() ? &plain[i] : nullptr;
    all.push_back(InferenceCall::Item{tensor->type(), tensor->shape(), value});
    known.push_back(InferenceCall::Item{tensor->type(), tensor->shape(), fixed[i] ? value : nullptr});
    const bool readable = fixed[i] && tensor->count() <= kReadForShapes;
    if (!fixed[i] && !isFloating(tensor->type())) remember = false;  // an index, a length: shapes and choices may depend on it
    identities.emplace_back(tensor, !readable);
  }
  auto choice = std::make_shared<Choice>();
  auto outputs = infer(query, *definition, known);
  if (!outputs) {
    remember = false;
    outputs = infer(query, *definition, all);
  }
  if (!outputs) throw Error(ErrorKind::failed, "its output's shape could not be found");
  choice->outputs = std::move(*outputs);
  std::vector<std::string> reasons;
  choice->kernel = query.kernels.choose({query.network, operation, all}, query.device, &reasons);
  if (!choice->kernel && query.device != DeviceKind::cpu) {
    reasons.push_back("computed on the CPU: no kernel of the device takes it");
    choice->kernel = query.kernels.choose({query.network, operation, all}, DeviceKind::cpu, &reasons);
    choice->offDevice = true;
  }
  for (const auto& reason : reasons) choice->why += (choice->why.empty() ? "" : "; ") + reason;
  if (!choice->kernel) throw Error(ErrorKind::unsupported, "no kernel takes it" + (choice->why.empty() ? "" : " (" + choice->why + ")"));
  if (remember) {
    m_choices.push_front({std::move(identities), query.device, choice});
    if (m_choices.size() > kRemembered) m_choices.pop_back();
  }
  return choice;
}

const OperationCache::Kept* OperationCache::kept(const std::vector<const Tensor*>& inputs, bool) { 
  return find(m_kept, inputs, [](const Kept&) { return true; });
}

void OperationCache::keep(const std::vector<const Tensor*>& inputs, bool shapeOnly, std::vector<Tensor> outputs, std::shared_ptr<const Choice> choice) {
  std::vector<TensorIdentity> identities;
  for (const Tensor* input : inputs) identities.emplace_back(input, shapeOnly);
  m_kept.push_front({std::move(identities), std::move(outputs), std::move(choice)});
  if (m_kept.size() > kRemembered) m_kept.pop_back();
}

std::shared_ptr<KernelState>& OperationCache::state(const Kernel& kernel) {
  for (auto& [owner, state] : m_states)
    if (owner == &kernel) return state;
  return m_states.emplace_back(&kernel, nullptr).second;
}

}  // namespace planish
