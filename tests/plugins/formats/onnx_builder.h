#pragma once

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/network/network.h"
#include "plugins/formats/onnx/importer.h"
#include "plugins/formats/onnx/onnx.pb.h"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace planish::onnx {

/// A folder of the test's own that is removed at its end.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "planish-onnx-XXXXXX").string();
    m_path = ::mkdtemp(pattern.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return m_path / name; }
  const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

/// A valid model without inputs, outputs or nodes.
inline ModelProto emptyModel() {
  ModelProto model;
  model.set_ir_version(9);
  model.add_opset_import()->set_version(17);
  model.mutable_graph()->set_name("g");
  return model;
}

inline void setShape(TypeProto& type, const std::vector<std::int64_t>& dims, DataType element = DataType::float32) {
  type.mutable_tensor_type()->set_elem_type(static_cast<int>(element));
  auto* shape = type.mutable_tensor_type()->mutable_shape();
  for (const std::int64_t dim : dims) shape->add_dim()->set_dim_value(dim);
}

inline void addInput(GraphProto& graph, const std::string& name, const std::vector<std::int64_t>& dims, DataType element = DataType::float32) {
  auto* input = graph.add_input();
  input->set_name(name);
  setShape(*input->mutable_type(), dims, element);
}

inline void addOutput(GraphProto& graph, const std::string& name) { graph.add_output()->set_name(name); }

inline NodeProto& addNode(GraphProto& graph, const std::string& type, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  NodeProto& node = *graph.add_node();
  node.set_op_type(type);
  for (const auto& name : inputs) node.add_input(name);
  for (const auto& name : outputs) node.add_output(name);
  return node;
}

inline AttributeProto& addAttribute(NodeProto& node, const std::string& name, AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

inline void addInts(NodeProto& node, const std::string& name, const std::vector<std::int64_t>& values) {
  auto& attribute = addAttribute(node, name, AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

/// A float weight of zeros.
inline TensorProto& addWeight(GraphProto& graph, const std::string& name, const std::vector<std::int64_t>& dims) {
  TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::FLOAT);
  std::int64_t count = 1;
  for (const std::int64_t dim : dims) {
    tensor.add_dims(dim);
    count *= dim;
  }
  tensor.set_raw_data(std::string(static_cast<std::size_t>(count) * 4, '\0'));
  return tensor;
}

/// x [1, 2] -> MatMul with w [2, 2] -> y.
inline ModelProto smallModel() {
  ModelProto model = emptyModel();
  GraphProto& graph = *model.mutable_graph();
  addInput(graph, "x", {1, 2});
  addWeight(graph, "w", {2, 2});
  addNode(graph, "MatMul", {"x", "w"}, {"y"}).set_name("mm");
  addOutput(graph, "y");
  return model;
}

inline std::filesystem::path save(const TestFolder& folder, const std::string& bytes, const std::string& name = "model.onnx") {
  std::ofstream(folder / name, std::ios::binary) << bytes;
  return folder / name;
}

inline std::shared_ptr<const Network> openBytes(const TestFolder& folder, const std::string& bytes) {
  return OnnxImporter().open(save(folder, bytes), Progress());
}

inline std::shared_ptr<const Network> openModel(const TestFolder& folder, const ModelProto& model) {
  return openBytes(folder, model.SerializeAsString());
}

/// Time this process computed: a limit on it holds on a busy machine too.
inline double processorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Expectation E0: the file is refused as invalid input within 5 s, the message names the file and a place. Returns what() for
/// a look at the rest.
inline std::string expectRefused(const std::filesystem::path& path) {
  const double start = processorSeconds();
  std::string text;
  try {
    OnnxImporter().open(path, Progress());
    ADD_FAILURE() << path << " opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << error.what();
    EXPECT_FALSE(error.file().empty()) << error.what();
    EXPECT_FALSE(error.where().empty()) << error.what();
    text = error.what();
  }
  EXPECT_LT(processorSeconds() - start, 5);
  return text;
}

inline std::string expectRefused(const TestFolder& folder, const ModelProto& model) { return expectRefused(save(folder, model.SerializeAsString())); }

inline bool hasNotice(const Network& network, const std::string& part) {
  for (const auto& notice : network.notices)
    if (notice.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace planish::onnx
