#include "core/network/attribute.h"

#include "core/base/error.h"

namespace planish {

template <typename T>
const T* Attributes::get(std::string_view name) const {
  const auto item = m_items.find(name);
  if (item == m_items.end()) return nullptr;
  if (const T* value = std::get_if<T>(&item->second)) return value;
  throw Error(ErrorKind::invalidInput, "attribute '" + printable(name) + "' has another type than expected");
}

void Attributes::erase(std::string_view name) {
  if (const auto item = m_items.find(name); item != m_items.end()) m_items.erase(item);
}

std::int64_t Attributes::whole(std::string_view name, std::int64_t otherwise) const {
  const auto* value = get<std::int64_t>(name);
  return value ? *value : otherwise;
}

float Attributes::number(std::string_view name, float otherwise) const {
  const auto* value = get<float>(name);
  return value ? *value : otherwise;
}

std::string Attributes::word(std::string_view name, std::string_view otherwise) const {
  const auto* value = get<std::string>(name);
  return value ? *value : std::string(otherwise);
}

std::vector<std::int64_t> Attributes::wholes(std::string_view name, std::vector<std::int64_t> otherwise) const {
  const auto* value = get<std::vector<std::int64_t>>(name);
  return value ? *value : otherwise;
}

std::vector<float> Attributes::numbers(std::string_view name) const {
  const auto* value = get<std::vector<float>>(name);
  return value ? *value : std::vector<float>{};
}

std::vector<std::string> Attributes::words(std::string_view name) const {
  const auto* value = get<std::vector<std::string>>(name);
  return value ? *value : std::vector<std::string>{};
}

const Tensor* Attributes::tensor(std::string_view name) const { return get<Tensor>(name); }

std::shared_ptr<const Network> Attributes::graph(std::string_view name) const {
  const auto* value = get<std::shared_ptr<const Network>>(name);
  return value ? *value : nullptr;
}

}  // namespace planish
