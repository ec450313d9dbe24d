#pragma once

#include "core/tensor/tensor.h"

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace planish {

class Network;

/// An operation's attribute as ONNX has it. A graph attribute holds the body as a network of its own.
using Attribute = std::variant<std::int64_t, float, std::string, Tensor, std::vector<std::int64_t>, std::vector<float>, std::vector<std::string>,
                               std::shared_ptr<const Network>>;

/// By name, with typed look-up. `where` in errors is added by the caller that knows the operation.
class Attributes {
 public:
  bool has(std::string_view name) const { return m_items.find(name) != m_items.end(); }
  void set(std::string name, Attribute value) { m_items.insert_or_assign(std::move(name), std::move(value)); }
  void erase(std::string_view name);

  /// The value, or the default where there is none. Throw Error(invalidInput) if it has another type.
  std::int64_t whole(std::string_view name, std::int64_t otherwise) const;
  float number(std::string_view name, float otherwise) const;
  std::string word(std::string_view name, std::string_view otherwise) const;
  std::vector<std::int64_t> wholes(std::string_view name, std::vector<std::int64_t> otherwise = {}) const;
  std::vector<float> numbers(std::string_view name) const;
  std::vector<std::string> words(std::string_view name) const;
  const Tensor* tensor(std::string_view name) const;                    ///< nullptr where there is none
  std::shared_ptr<const Network> graph(std::string_view name) const;   ///< nullptr where there is none

  const std::map<std::string, Attribute, std::less<>>& all() const { return m_items; }

 private:
  template <typename T>
  const T* get(std::string_view name) const;
  std::map<std::string, Attribute, std::less<>> m_items;
};

}  // namespace planish
