#include "core/network/passes/pass.h"

namespace planish {
namespace {

void collectNames(const Network& network, std::set<std::string>& names) {
  for (const auto& value : network.values())
    names.insert(value.name);
  for (const auto& operation : network.operations())
    for (const auto& [name, attribute] : operation.attributes.all())
      if (const auto* body = std::get_if<std::shared_ptr<const Network>>(&attribute); body && *body)
        collectNames(**body, names);
}

}  // namespace

std::set<std::string> capturedNames(const Network& network) {
  std::set<std::string> names;
  for (const auto& operation : network.operations())
    for (const auto& [name, attribute] : operation.attributes.all())
      if (const auto* body = std::get_if<std::shared_ptr<const Network>>(&attribute); body && *body)
        collectNames(**body, names);
  return names;
}

const Tensor* constantBehind(const Network& network, const Connections& connections, ValueId value) {
  while (value.valid()) {
    if (network.value(value).isConstant()) return &network.value(value).constant;
    const OperationId maker = connections.producer[static_cast<std::size_t>(value.index)];
    if (!maker.valid()) return nullptr;
    const auto& operation = network.operation(maker);
    if (operation.type != "Identity" || !operation.domain.empty()) return nullptr;
    value = operation.input(0);
  }
  return nullptr;
}

}  // namespace planish
