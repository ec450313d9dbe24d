#include "plugins/formats/onnx/graph_editor.h"

#include "plugins/formats/onnx/messages.h"
#include "plugins/formats/onnx/wire.h"

#include <algorithm>

namespace planish::onnx {
namespace {

std::string text(std::string_view view) {
  return std::string(view);
}

std::string_view firstPayload(std::string_view message, int number) {
  for (const auto& field : wireFields(message))
    if (field.number == number) return field.payload;
  return {};
}

EditedNode readNode(std::string_view message) {
  EditedNode node;
  node.original = message;
  for (const auto& f : wireFields(message)) {
    if (f.number == field::node::kInput) node.inputs.push_back(text(f.payload));
    if (f.number == field::node::kOutput) node.outputs.push_back(text(f.payload));
    if (f.number == field::node::kName) node.name = text(f.payload);
    if (f.number == field::node::kType) node.type = text(f.payload);
    if (f.number == field::node::kDomain) node.domain = text(f.payload);
  }
  if (node.domain == "ai.onnx") node.domain.clear();
  return node;
}

/// Names read (and, if `all`, also made) inside the bodies of a node's attributes.
void bodyNames(std::string_view attributeOwner, std::set<std::string>& read, std::set<std::string>& all) {
  for (const auto& f : wireFields(attributeOwner)) {
    if (f.number != field::node::kAttribute || f.wireType != 2) continue;
    for (const auto& a : wireFields(f.payload)) {
      if ((a.number != field::attribute::kGraph && a.number != field::attribute::kGraphs) || a.wireType != 2)
        continue;
      for (const auto& g : wireFields(a.payload)) {
        if (g.number == field::graph::kOutput) read.insert(text(firstPayload(g.payload, 1)));
        if (g.number == field::graph::kInput) all.insert(text(firstPayload(g.payload, 1)));
        if (g.number == field::graph::kInitializer)
          all.insert(text(firstPayload(g.payload, field::tensor::kName)));
        if (g.number != field::graph::kNode) continue;
        const EditedNode node = readNode(g.payload);
        read.insert(node.inputs.begin(), node.inputs.end());
        all.insert(node.outputs.begin(), node.outputs.end());
        bodyNames(g.payload, read, all);
      }
    }
  }
}

bool isExternal(std::string_view tensor) {
  for (const auto& f : wireFields(tensor))
    if (f.number == field::tensor::kLocation && f.value == 1) return true;
  return false;
}

std::string nameOf(const Network& network, ValueId id) {
  return id.valid() ? network.value(id).name : std::string();
}

}  // namespace

std::string EditedNode::message() const {
  if (original.empty()) return nodeMessage(type, domain, name, inputs, outputs, attributes);
  if (!changed) return text(original);
  std::string out;
  for (const auto& input : inputs)
    putBytes(out, field::node::kInput, input);
  for (const auto& output : outputs)
    putBytes(out, field::node::kOutput, output);
  for (const auto& f : wireFields(original))
    if (f.number != field::node::kInput && f.number != field::node::kOutput) out.append(f.whole);
  return out;
}

GraphEditor::GraphEditor(std::string_view model, const Network& network)
    : m_network(network), m_model(model) {
  std::string_view graph;
  for (const auto& f : wireFields(model)) {
    if (f.number == field::model::kIrVersion) m_ir = m_irInFile = static_cast<std::int64_t>(f.value);
    if (f.number == field::model::kGraph) graph = f.payload;
    if (f.number != field::model::kOpset) continue;
    std::string domain;
    std::int64_t version = 0;
    for (const auto& o : wireFields(f.payload)) {
      if (o.number == field::opset::kDomain) domain = text(o.payload);
      if (o.number == field::opset::kVersion) version = static_cast<std::int64_t>(o.value);
    }
    m_opsets[domain == "ai.onnx" ? "" : domain] = version;
  }
  m_opsetsInFile = m_opsets;
  readGraph(graph);
}

void GraphEditor::readGraph(std::string_view graph) {
  std::vector<EditedNode> fileNodes;
  for (const auto& f : wireFields(graph)) {
    if (f.number == field::graph::kNode) fileNodes.push_back(readNode(f.payload));
    if (f.number == field::graph::kInitializer)
      tensors.push_back({f.payload, text(firstPayload(f.payload, field::tensor::kName)), {}});
    if (f.number == field::graph::kInput) m_names.insert(text(firstPayload(f.payload, 1)));
    if (f.number == field::graph::kOutput) m_outputs.push_back(text(firstPayload(f.payload, 1)));
    if (f.number == field::graph::kSparseInitializer)
      m_names.insert(text(firstPayload(firstPayload(f.payload, 1), field::tensor::kName)));
  }
  m_readInFile.insert(m_outputs.begin(), m_outputs.end());
  for (const auto& node : fileNodes) {
    m_names.insert(node.outputs.begin(), node.outputs.end());
    m_readInFile.insert(node.inputs.begin(), node.inputs.end());
    bodyNames(node.original, m_readInFile, m_names);
  }
  for (const auto& tensor : tensors)
    m_tensorsInFile.insert(tensor.name);
  m_names.insert(m_tensorsInFile.begin(), m_tensorsInFile.end());
  for (const auto& value : m_network.values())
    m_names.insert(value.name);
  m_names.insert(m_readInFile.begin(), m_readInFile.end());
  mergeOperations(std::move(fileNodes));
  mergeWeights();
}

EditedNode GraphEditor::made(OperationId id) const {
  const Operation& operation = m_network.operation(id);
  EditedNode node;
  node.type = operation.type;
  node.domain = operation.domain;
  node.name = operation.name;
  for (const ValueId value : operation.inputs)
    node.inputs.push_back(nameOf(m_network, value));
  for (const ValueId value : operation.outputs)
    node.outputs.push_back(nameOf(m_network, value));
  node.attributes = attributeFields(operation.attributes);
  node.operation = id;
  return node;
}

void GraphEditor::mergeOperations(std::vector<EditedNode> fileNodes) {
  std::vector<bool> represented(fileNodes.size());
  bool asInFile = true;
  for (std::int32_t i = 0; i < m_network.operationCount(); ++i) {
    const int source = m_network.operation({i}).source;
    if (source >= static_cast<int>(fileNodes.size()))
      throw Error(ErrorKind::invalidInput, "the file has " + std::to_string(fileNodes.size()) +
                                               " nodes, fewer than when it was opened");
    if (source < 0) {
      asInFile = false;
      continue;
    }
    represented[static_cast<std::size_t>(source)] = true;
    fileNodes[static_cast<std::size_t>(source)].operation = {i};
  }
  if (asInFile && m_network.passes.empty()) {
    nodes = std::move(fileNodes);
    return;
  }
  // Constant operations are weights of the network, with source -2 - position while nobody changed them.
  std::set<int> constants;
  for (const auto& value : m_network.values())
    if (value.source < -1) constants.insert(-2 - value.source);
  for (std::size_t i = 0; i < fileNodes.size(); ++i)
    if (!represented[i] && fileNodes[i].type == "Constant" && constants.contains(static_cast<int>(i)))
      nodes.push_back(fileNodes[i]);
  for (std::int32_t i = 0; i < m_network.operationCount(); ++i) {
    const int source = m_network.operation({i}).source;
    nodes.push_back(source < 0 ? made({i}) : fileNodes[static_cast<std::size_t>(source)]);
  }
}

void GraphEditor::mergeWeights() {
  std::map<std::string, ValueId> byName;
  for (std::int32_t i = 0; i < m_network.valueCount(); ++i)
    byName.emplace(m_network.value({i}).name, ValueId{i});
  std::set<std::string> present;
  for (auto& tensor : tensors) {
    present.insert(tensor.name);
    const auto found = byName.find(tensor.name);
    const Value* value = found == byName.end() ? nullptr : &m_network.value(found->second);
    const bool external = isExternal(tensor.original);
    if (external && (!value || !value->isConstant()))
      throw Error(ErrorKind::invalidInput,
                  "the weight '" + printable(tensor.name) + "' is missing, so the network cannot be written")
          .in(m_network.file)
          .remedy("put the file with its data beside the network");
    if (value && value->isConstant() && (value->source == -1 || external)) {
      tensor.original = {};
      tensor.tensor = value->constant;
    }
  }
  for (const auto& node : nodes)
    if (node.type == "Constant" && !node.outputs.empty()) present.insert(node.outputs[0]);
  for (const auto& f : wireFields(firstPayload(m_model, field::model::kGraph))) {
    if (f.number != field::graph::kSparseInitializer) continue;
    const std::string name = text(firstPayload(firstPayload(f.payload, 1), field::tensor::kName));
    // A pass may have changed it, and nothing says so: it is written as the dense tensor that it is.
    (m_network.passes.empty() ? present : m_removed).insert(name);
  }
  std::set<ValueId> read(m_network.outputs.begin(), m_network.outputs.end());
  for (const auto& operation : m_network.operations())
    for (const auto* list : {&operation.inputs, &operation.captured})
      read.insert(list->begin(), list->end());
  for (const ValueId id : read)
    if (id.valid() && m_network.value(id).isConstant() && present.insert(m_network.value(id).name).second)
      addTensor(m_network.value(id).name, m_network.value(id).constant);
}

EditedNode& GraphEditor::nodeOf(OperationId operation) {
  for (auto& node : nodes)
    if (node.operation == operation) return node;
  throw Error(ErrorKind::failed, "an operation has no node in the file").at(m_network.describe(operation));
}

std::vector<std::size_t> GraphEditor::readers(const std::string& value) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (std::find(nodes[i].inputs.begin(), nodes[i].inputs.end(), value) != nodes[i].inputs.end())
      found.push_back(i);
  return found;
}

void GraphEditor::removeWeight(const std::string& name) {
  m_removed.insert(name);
  std::erase_if(tensors, [&](const EditedTensor& tensor) { return tensor.name == name; });
  std::erase_if(nodes, [&](const EditedNode& node) {
    return node.type == "Constant" && !node.outputs.empty() && node.outputs[0] == name;
  });
}

std::string GraphEditor::freshName(const std::string& wish) {
  std::string name = wish;
  for (int i = 2; !m_names.insert(name).second; ++i)
    name = wish + "#" + std::to_string(i);
  return name;
}

std::int64_t GraphEditor::opset(const std::string& domain) const {
  const auto found = m_opsets.find(domain);
  return found == m_opsets.end() ? 0 : found->second;
}

void GraphEditor::requireOpset(const std::string& domain, std::int64_t atLeast) {
  m_opsets[domain] = std::max(opset(domain), atLeast);
}

void GraphEditor::requireIr(std::int64_t atLeast) {
  m_ir = std::max(m_ir, atLeast);
}

std::set<std::string> GraphEditor::readNames() const {
  std::set<std::string> read(m_outputs.begin(), m_outputs.end()), unused;
  for (const auto* list : {&m_front, &nodes})
    for (const auto& node : *list) {
      read.insert(node.inputs.begin(), node.inputs.end());
      bodyNames(node.original.empty() ? std::string_view(node.attributes) : node.original, read, unused);
    }
  return read;
}

void GraphEditor::dropUnread() {
  const auto read = readNames();
  const auto unread = [&](const std::string& name) {
    return m_readInFile.contains(name) && !read.contains(name);
  };
  for (const auto& tensor : tensors)
    if (unread(tensor.name)) m_removed.insert(tensor.name);
  const auto superfluous = [&](const EditedTensor& tensor) {
    return unread(tensor.name) || (!m_tensorsInFile.contains(tensor.name) && !read.contains(tensor.name));
  };
  std::erase_if(tensors, superfluous);
  std::erase_if(nodes, [&](const EditedNode& node) {
    return node.type == "Constant" && !node.outputs.empty() && unread(node.outputs[0]);
  });
}

GraphEditor::Frame GraphEditor::frame() const {
  Frame frame;
  std::string allNodes;
  for (const auto* list : {&m_front, &nodes})
    for (const auto& node : *list)
      putBytes(allNodes, field::graph::kNode, node.message());
  bool nodesDone = false, tensorsDone = false;
  for (const auto& f : wireFields(firstPayload(m_model, field::model::kGraph))) {
    std::string& out = tensorsDone ? frame.tail : frame.head;
    if (f.number == field::graph::kNode) {
      if (!nodesDone) out.append(allNodes);
      nodesDone = true;
    } else if (f.number == field::graph::kInitializer) {
      tensorsDone = true;
    } else if (f.number == field::graph::kInput && m_removed.contains(text(firstPayload(f.payload, 1)))) {
      continue;
    } else if (f.number == field::graph::kSparseInitializer &&
               m_removed.contains(text(firstPayload(firstPayload(f.payload, 1), field::tensor::kName)))) {
      continue;
    } else {
      out.append(f.whole);
    }
  }
  if (!nodesDone) frame.head = allNodes + frame.head;

  bool graphDone = false, irDone = false;
  std::map<std::string, std::int64_t> opsets = m_opsets;
  for (const auto& f : wireFields(m_model)) {
    std::string& out = graphDone ? frame.after : frame.before;
    if (f.number == field::model::kGraph) {
      graphDone = true;
    } else if (f.number == field::model::kIrVersion) {
      irDone = true;
      if (m_ir == m_irInFile)
        out.append(f.whole);
      else
        putWhole(out, field::model::kIrVersion, m_ir);
    } else if (f.number == field::model::kOpset) {
      std::string domain = text(firstPayload(f.payload, field::opset::kDomain));
      const std::string key = domain == "ai.onnx" ? "" : domain;
      const auto now = m_opsets.find(key);
      opsets.erase(key);
      if (now->second == m_opsetsInFile.at(key)) {
        out.append(f.whole);
        continue;
      }
      std::string message;
      putBytes(message, field::opset::kDomain, domain);
      putWhole(message, field::opset::kVersion, now->second);
      putBytes(out, field::model::kOpset, message);
    } else {
      out.append(f.whole);
    }
  }
  if (!irDone) putWhole(frame.after, field::model::kIrVersion, m_ir);
  for (const auto& [domain, version] : opsets) {
    std::string message;
    putBytes(message, field::opset::kDomain, domain);
    putWhole(message, field::opset::kVersion, version);
    putBytes(frame.after, field::model::kOpset, message);
  }
  return frame;
}

}  // namespace planish::onnx
