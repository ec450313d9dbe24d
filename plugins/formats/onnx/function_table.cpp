#include "plugins/formats/onnx/function_table.h"

#include "core/base/error.h"

#include <vector>

namespace planish::onnx {
namespace {

constexpr std::size_t kMostFunctionDepth = 16;

std::string identity(const std::string& domain, const std::string& name, const std::string& overload) {
  std::string key = standardDomain(domain);
  key += '\0';
  key += name;
  key += '\0';
  return key += overload;
}

/// Nodes of a list and of the bodies in it.
template <typename Nodes, typename Visit>
void forEachNode(const Nodes& nodes, const Visit& visit) {
  for (const NodeProto& node : nodes) {
    visit(node);
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) forEachNode(attribute.g().node(), visit);
      for (const auto& graph : attribute.graphs()) forEachNode(graph.node(), visit);
    }
  }
}

/// Longest chain of calls below a function, found depth first; a chain that comes back to itself is refused.
class CallDepth {
 public:
  explicit CallDepth(const FunctionTable& table) : m_table(table) {}

  std::size_t of(const FunctionProto& function, std::size_t above = 0) {
    const std::string shown = "function '" + printable(function.name()) + "'";
    const auto [entry, isNew] = m_depth.try_emplace(&function, 0);
    if (!isNew) {
      if (entry->second == 0) throw Error(ErrorKind::invalidInput, "a function calls itself, directly or over others").at(shown);
      return entry->second;
    }
    if (above >= kMostFunctionDepth)
      throw Error(ErrorKind::invalidInput, "functions call each other more than " + std::to_string(kMostFunctionDepth) + " deep").at(shown);
    std::size_t below = 0;
    forEachNode(function.node(), [&](const NodeProto& node) {
      if (const auto* called = m_table.find(node)) below = std::max(below, of(*called, above + 1));
    });
    m_depth[&function] = below + 1;
    return below + 1;
  }

 private:
  const FunctionTable& m_table;
  std::unordered_map<const FunctionProto*, std::size_t> m_depth;  ///< 0 while a function is being looked at
};

}  // namespace

std::string standardDomain(const std::string& domain) { return domain == "ai.onnx" ? std::string() : domain; }

FunctionTable::FunctionTable(ModelProto& model) {
  for (auto& function : *model.mutable_functions())
    if (!m_functions.emplace(identity(function.domain(), function.name(), function.overload()), &function).second)
      throw Error(ErrorKind::invalidInput, "two functions have this name").at("function '" + printable(function.name()) + "'");
  CallDepth depth(*this);
  for (const auto& function : model.functions())
    if (depth.of(function) > kMostFunctionDepth)
      throw Error(ErrorKind::invalidInput, "functions call each other more than " + std::to_string(kMostFunctionDepth) + " deep")
          .at("function '" + printable(function.name()) + "'");
}

FunctionProto* FunctionTable::find(const NodeProto& node) const {
  if (m_functions.empty()) return nullptr;
  const auto found = m_functions.find(identity(node.domain(), node.op_type(), node.overload()));
  return found == m_functions.end() ? nullptr : found->second;
}

}  // namespace planish::onnx
