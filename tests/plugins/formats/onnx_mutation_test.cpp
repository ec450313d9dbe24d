// Damaged files of every kind must end in an error or a network, never in a crash: fixed seeds, so that a failure repeats.
#include "tests/plugins/formats/onnx_builder.h"

#include "core/compute/shape_inference.h"
#include "core/network/layer.h"

#include <random>

namespace planish::onnx {
namespace {

/// About 1 KiB that uses most of what a file can say.
ModelProto variedModel() {
  ModelProto model = smallModel();
  GraphProto& graph = *model.mutable_graph();
  addInput(graph, "image", {1, 2, 8, 8});
  addInput(graph, "c", {}, DataType::boolean);
  addWeight(graph, "kernel", {3, 2, 3, 3});
  TensorProto& typed = addWeight(graph, "typed", {3});
  typed.clear_raw_data();
  for (int i = 0; i < 3; ++i) typed.add_float_data(static_cast<float>(i));
  TensorProto& outside = addWeight(graph, "outside", {4});
  outside.clear_raw_data();
  outside.set_data_location(TensorProto::EXTERNAL);
  for (const auto& [key, value] : {std::pair{"location", "w.bin"}, {"offset", "16"}, {"length", "16"}}) {
    auto* entry = outside.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  SparseTensorProto& sparse = *graph.add_sparse_initializer();
  sparse.add_dims(6);
  *sparse.mutable_values() = typed;
  sparse.mutable_values()->set_name("sparse");
  sparse.mutable_indices()->set_data_type(TensorProto::INT64);
  sparse.mutable_indices()->add_dims(3);
  for (const int i : {0, 2, 5}) sparse.mutable_indices()->add_int64_data(i);
  NodeProto& conv = addNode(graph, "Conv", {"image", "kernel", "typed"}, {"conv"});
  addInts(conv, "pads", {1, 1, 1, 1});
  addInts(conv, "strides", {2, 2});
  addAttribute(conv, "group", AttributeProto::INT).set_i(1);
  NodeProto& pool = addNode(graph, "MaxPool", {"conv"}, {"pool"});
  addInts(pool, "kernel_shape", {2, 2});
  addInts(addNode(graph, "Transpose", {"pool"}, {"turned"}), "perm", {0, 2, 3, 1});
  addInts(addNode(graph, "Constant", {}, {"shape"}), "value_ints", {1, -1});
  addNode(graph, "Reshape", {"turned", "shape"}, {"flat"});
  addAttribute(addNode(graph, "Concat", {"flat", "flat"}, {"wide"}), "axis", AttributeProto::INT).set_i(1);
  NodeProto& branch = addNode(graph, "If", {"c"}, {"chosen"});
  for (const char* name : {"then_branch", "else_branch"}) {
    GraphProto& body = *addAttribute(branch, name, AttributeProto::GRAPH).mutable_g();
    addNode(body, "Relu", {"wide"}, {"r"});
    addOutput(body, "r");
  }
  FunctionProto& function = *model.add_functions();
  function.set_domain("own");
  function.set_name("Twice");
  function.add_input("a");
  function.add_output("b");
  GraphProto steps;
  addNode(steps, "Add", {"a", "a"}, {"b"});
  *function.add_node() = steps.node(0);
  addNode(graph, "Twice", {"wide"}, {"twice"}).set_domain("own");
  addOutput(graph, "chosen");
  addOutput(graph, "twice");
  return model;
}

class OnnxMutation : public testing::Test {
 protected:
  void SetUp() override {
    writeText(m_folder / "w.bin", std::string(32, '\0'));
    m_bytes = variedModel().SerializeAsString();
  }

  /// Opens, looks at layers and shapes. Errors must say where.
  bool survives(const std::string& bytes) {
    try {
      const auto network = openBytes(m_folder, bytes);
      findLayers(*network);
      inferShapes(*network);
      for (const auto& value : network->values())
        if (value.isConstant() && value.constant.type() != DataType::string) value.constant.bytes();
      return true;
    } catch (const Error& error) {
      EXPECT_FALSE(error.file().empty()) << error.what();
      return false;
    }
  }

  TestFolder m_folder;
  std::string m_bytes;
};

TEST_F(OnnxMutation, TheModelItselfIsValid) {
  EXPECT_GT(m_bytes.size(), 900u);
  EXPECT_LT(m_bytes.size(), 3000u);
  const auto network = openBytes(m_folder, m_bytes);
  EXPECT_TRUE(inferShapes(*network).find(network->find("wide")));
  EXPECT_TRUE(survives(m_bytes));
}

TEST_F(OnnxMutation, EachByteChanged) {
  std::mt19937 random(7);
  int opened = 0;
  for (std::size_t i = 0; i < m_bytes.size(); ++i) {
    std::string bytes = m_bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(1 + random() % 255));
    opened += survives(bytes);
  }
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, static_cast<int>(m_bytes.size()));
}

TEST_F(OnnxMutation, EachTruncation) {
  for (std::size_t length = 0; length < m_bytes.size(); ++length) survives(m_bytes.substr(0, length));
}

TEST_F(OnnxMutation, ThreeThousandMutants) {
  std::mt19937 random(11);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  int opened = 0;
  for (int mutant = 0; mutant < 3000; ++mutant) {
    std::string bytes = m_bytes;
    for (std::size_t change = 1 + below(4); change > 0 && !bytes.empty(); --change) {
      const std::size_t at = below(bytes.size()), length = std::min(1 + below(24), bytes.size() - at);
      switch (below(6)) {
        case 0: bytes[at] = static_cast<char>(random()); break;
        case 1: bytes.erase(at, length); break;
        case 2: bytes.insert(at, bytes.substr(below(bytes.size()), length)); break;
        case 3: bytes.replace(at, length, std::string(length, '\xFF')); break;
        case 4: bytes[at] = static_cast<char>(bytes[at] + (random() % 2 ? 1 : -1)); break;
        default: bytes.replace(at, length, bytes.substr(below(bytes.size()), length)); break;
      }
    }
    opened += survives(bytes);
  }
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, 3000);
}

}  // namespace
}  // namespace planish::onnx
