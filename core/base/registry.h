#pragma once

#include "core/base/error.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace planish {

/// Methods of one kind by id. T has `const Declaration& declaration() const`. Objects are stateless and shared const.
template <typename T>
class Registry {
 public:
  explicit Registry(std::string what) : m_what(std::move(what)) {}

  /// Throws Error(failed) if the id is taken.
  void add(std::shared_ptr<const T> method) {
    if (find(method->declaration().id))
      throw Error(ErrorKind::failed, m_what + " '" + method->declaration().id + "' is registered twice");
    m_methods.push_back(std::move(method));
  }

  /// nullptr if there is none.
  const T* find(std::string_view id) const {
    for (const auto& method : m_methods)
      if (method->declaration().id == id) return method.get();
    return nullptr;
  }

  /// Throws the usage error that lists the known ids.
  const T& get(std::string_view id) const {
    if (const T* method = find(id)) return *method;
    throw unknownName(m_what, id, ids());
  }

  std::vector<std::string> ids() const {
    std::vector<std::string> result;
    for (const auto& method : m_methods) result.push_back(method->declaration().id);
    return result;
  }

  const std::vector<std::shared_ptr<const T>>& all() const { return m_methods; }

 private:
  std::string m_what;
  std::vector<std::shared_ptr<const T>> m_methods;
};

}  // namespace planish
