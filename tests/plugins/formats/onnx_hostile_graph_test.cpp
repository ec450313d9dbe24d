// Rows O15..O28 of the catalogue of hostile files, as far as opening and shapes are concerned: what the graph says.
#include "tests/plugins/formats/onnx_builder.h"

#include "core/compute/shape_inference.h"
#include "core/network/layer.h"

#include <limits>

namespace planish::onnx {
namespace {

/// x [1, 2, 8, 8] and one operation on it; further inputs are weights of the given shapes.
ModelProto oneOperation(const std::string& type, const std::vector<std::vector<std::int64_t>>& weights, const std::vector<std::int64_t>& input = {1, 2, 8, 8}) {
  ModelProto model = emptyModel();
  GraphProto& graph = *model.mutable_graph();
  addInput(graph, "x", input);
  std::vector<std::string> inputs = {"x"};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    inputs.push_back("w" + std::to_string(i));
    addWeight(graph, inputs.back(), weights[i]);
  }
  addNode(graph, type, inputs, {"y"}).set_name("bad");
  addOutput(graph, "y");
  return model;
}

NodeProto& node(ModelProto& model) { return *model.mutable_graph()->mutable_node(0); }

/// The network opens; finding its shapes ends with a problem that names the operation, and no shape for its result.
void expectProblem(const TestFolder& folder, const ModelProto& model) {
  const auto network = openModel(folder, model);
  const Shapes shapes = inferShapes(*network);
  ASSERT_FALSE(shapes.problems.empty()) << network->describe({0});
  EXPECT_NE(shapes.problems.front().find("bad"), std::string::npos) << shapes.problems.front();
  EXPECT_EQ(shapes.find(network->find("y")), nullptr);
}

TensorProto& floats(GraphProto& graph, const std::string& name, const std::vector<std::int64_t>& dims, const std::vector<float>& values) {
  TensorProto& tensor = addWeight(graph, name, dims);
  tensor.clear_raw_data();
  for (const float value : values) tensor.add_float_data(value);
  return tensor;
}

TensorProto& integers(GraphProto& graph, const std::string& name, const std::vector<std::int64_t>& values) {
  TensorProto& tensor = addWeight(graph, name, {static_cast<std::int64_t>(values.size())});
  tensor.clear_raw_data();
  tensor.set_data_type(TensorProto::INT64);
  for (const std::int64_t value : values) tensor.add_int64_data(value);
  return tensor;
}

TEST(OnnxHostile, O15_RanksAndStrides) {
  const TestFolder folder;
  expectProblem(folder, oneOperation("Conv", {{2, 2}}));
  expectProblem(folder, oneOperation("Conv", {{4, 2, 3, 3, 3}}));
  expectProblem(folder, oneOperation("Gemm", {{2}}, {1, 2}));
  expectProblem(folder, oneOperation("Gemm", {{2, 2}}, {2}));
  ModelProto pool = oneOperation("MaxPool", {});
  addInts(node(pool), "kernel_shape", {2, 2});
  addInts(node(pool), "strides", {0, 0});
  expectProblem(folder, pool);
  ModelProto conv = oneOperation("Conv", {{4, 2, 3, 3}});
  addInts(node(conv), "strides", {0, 1});
  expectProblem(folder, conv);
  ModelProto groups = oneOperation("Conv", {{4, 2, 3, 3}});
  addAttribute(node(groups), "group", AttributeProto::INT).set_i(0);
  expectProblem(folder, groups);
  findLayers(*openModel(folder, groups));
}

TEST(OnnxHostile, O16_AxesAndPermutations) {
  const TestFolder folder;
  ModelProto concat = oneOperation("Concat", {{1, 2, 8, 8}});
  addAttribute(node(concat), "axis", AttributeProto::INT).set_i(99);
  expectProblem(folder, concat);
  ModelProto transpose = oneOperation("Transpose", {}, {2, 2});
  addInts(node(transpose), "perm", {5, 5});
  expectProblem(folder, transpose);
  ModelProto repeated = oneOperation("Transpose", {}, {2, 2});
  addInts(node(repeated), "perm", {0, 0});
  expectProblem(folder, repeated);
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{-7, 2}, {-1, -1}, {3, 5}, {INT64_MAX, INT64_MAX}}) {
    ModelProto reshape = oneOperation("Reshape", {});
    integers(*reshape.mutable_graph(), "shape", shape);
    node(reshape).add_input("shape");
    expectProblem(folder, reshape);
  }
}

TEST(OnnxHostile, O17_UnknownOperations) {
  const TestFolder folder;
  ModelProto model = smallModel();
  NodeProto& foreign = addNode(*model.mutable_graph(), "Blend", {"y", "w"}, {"z"});
  foreign.set_domain("com.example");
  addNode(*model.mutable_graph(), "NoSuchOperation", {"z"}, {"end"});
  addOutput(*model.mutable_graph(), "end");
  const auto network = openModel(folder, model);
  ASSERT_EQ(network->operationCount(), 3);
  EXPECT_EQ(network->operation({1}).domain, "com.example");
  EXPECT_EQ(network->operation({1}).source, 1);
  EXPECT_EQ(findLayers(*network).size(), 1u);
  const auto lacking = unsupportedOperations(*network);
  ASSERT_EQ(lacking.size(), 2u);
  EXPECT_TRUE(lacking[0].type == "com.example.Blend" || lacking[1].type == "com.example.Blend");
}

TEST(OnnxHostile, O18_RecursiveFunctions) {
  const TestFolder folder;
  const auto withFunctions = [](const std::vector<std::pair<std::string, std::vector<std::string>>>& calls) {
    ModelProto model = smallModel();
    for (const auto& [name, called] : calls) {
      FunctionProto& function = *model.add_functions();
      function.set_domain("own");
      function.set_name(name);
      function.add_input("a");
      function.add_output("b0");
      std::string value = "a";
      for (std::size_t i = called.size(); i-- > 0;) {
        NodeProto& node = *function.add_node();
        node.set_op_type(called[i]);
        if (called[i] != "Relu") node.set_domain("own");
        node.add_input(value);
        value = "b" + std::to_string(i);
        node.add_output(value);
      }
    }
    NodeProto& call = addNode(*model.mutable_graph(), "F", {"y"}, {"z"});
    call.set_domain("own");
    addOutput(*model.mutable_graph(), "z");
    return model;
  };
  EXPECT_NE(expectRefused(folder, withFunctions({{"F", {"F"}}})).find("calls itself"), std::string::npos);
  EXPECT_NE(expectRefused(folder, withFunctions({{"F", {"G"}}, {"G", {"Relu", "F"}}})).find("calls itself"), std::string::npos);
  // Thirteen functions that call the next one ten times each: 10^13 operations from a kilobyte.
  std::vector<std::pair<std::string, std::vector<std::string>>> bomb = {{"F", std::vector<std::string>(10, "F0")}};
  for (int i = 0; i < 12; ++i) bomb.push_back({"F" + std::to_string(i), std::vector<std::string>(10, i == 11 ? "Relu" : "F" + std::to_string(i + 1))});
  EXPECT_NE(expectRefused(folder, withFunctions(bomb)).find("operations"), std::string::npos);
  std::vector<std::pair<std::string, std::vector<std::string>>> chain = {{"F", {"F0"}}};
  for (int i = 0; i < 40; ++i) chain.push_back({"F" + std::to_string(i), {i == 39 ? "Relu" : "F" + std::to_string(i + 1)}});
  EXPECT_NE(expectRefused(folder, withFunctions(chain)).find("deep"), std::string::npos);
  expectRefused(folder, withFunctions({{"F", {"Relu"}}, {"F", {"Relu"}}}));
  const auto network = openModel(folder, withFunctions({{"F", {"G", "Relu"}}, {"G", {"Relu"}}}));
  EXPECT_EQ(network->operationCount(), 3);
}

TEST(OnnxHostile, O19_AMillionTinyOperations) {
  const TestFolder folder;
  constexpr int kCount = 1'000'000;
  ModelProto model = smallModel();
  GraphProto& graph = *model.mutable_graph();
  std::string before = "y";
  for (int i = 0; i < kCount; ++i) {
    const std::string name = "n" + std::to_string(i);
    addNode(graph, "Relu", {before}, {name});
    before = name;
  }
  addOutput(graph, before);
  const auto path = save(folder, model.SerializeAsString());
  model.Clear();
  const double start = processorSeconds();
  const auto network = OnnxImporter().open(path, Progress());
#if !defined(__SANITIZE_THREAD__)
  EXPECT_LT(processorSeconds() - start, 10);
#endif
  EXPECT_EQ(network->operationCount(), kCount + 1);
}

TEST(OnnxHostile, O20_NamesOfAnyKind) {
  const TestFolder folder;
  const std::string rightToLeft = "\xE2\x80\xAE" "gnp.exe", markup = "<b>bold</b><img src=x>", percent = "%1%n%s", invalid = "\xFF\xFE\x80";
  for (const std::string& name : {rightToLeft, markup, percent, invalid, std::string(1 << 20, 'n'), std::string("line\nbreak\x1b[31m"), std::string("nul\0in", 6)}) {
    ModelProto model = smallModel();
    model.mutable_graph()->mutable_node(0)->set_name(name);
    model.mutable_graph()->mutable_initializer(0)->set_name(name);
    model.mutable_graph()->mutable_node(0)->set_input(1, name);
    addAttribute(*model.mutable_graph()->mutable_node(0), name, AttributeProto::STRING).set_s(name);
    const auto network = openModel(folder, model);
    EXPECT_EQ(network->operation({0}).name, name);
    EXPECT_EQ(network->operation({0}).attributes.word(name, ""), name);
    EXPECT_EQ(findLayers(*network).size(), 1u);
    EXPECT_LT(network->describe({0}).size(), 1000u);
    EXPECT_EQ(network->describe({0}).find('\x1b'), std::string::npos);
    // In a message as well.
    model.mutable_graph()->mutable_node(0)->set_input(1, name + "?");
    const std::string text = expectRefused(folder, model);
    EXPECT_LT(text.size(), 2000u);
    EXPECT_EQ(text.find_first_of("\x1b\n"), std::string::npos);
    EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos);
  }
}

TEST(OnnxHostile, O21_SparseIndices) {
  const TestFolder folder;
  const auto sparse = [](const std::vector<std::int64_t>& dims, std::size_t values, const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& indexDims) {
    ModelProto model = smallModel();
    GraphProto& graph = *model.mutable_graph();
    graph.clear_initializer();
    SparseTensorProto& tensor = *graph.add_sparse_initializer();
    tensor.mutable_dims()->Assign(dims.begin(), dims.end());
    TensorProto& stored = *tensor.mutable_values();
    stored.set_name("w");
    stored.set_data_type(TensorProto::FLOAT);
    stored.add_dims(static_cast<std::int64_t>(values));
    for (std::size_t i = 0; i < values; ++i) stored.add_float_data(static_cast<float>(i) + 1);
    TensorProto& places = *tensor.mutable_indices();
    places.set_data_type(TensorProto::INT64);
    places.mutable_dims()->Assign(indexDims.begin(), indexDims.end());
    places.mutable_int64_data()->Assign(indices.begin(), indices.end());
    return model;
  };
  expectRefused(folder, sparse({2, 2}, 2, {3, 0}, {2}));                // not in order
  expectRefused(folder, sparse({2, 2}, 2, {1, 1}, {2}));                // repeated
  expectRefused(folder, sparse({2, 2}, 2, {0, 4}, {2}));                // outside
  expectRefused(folder, sparse({2, 2}, 1, {-1}, {1}));                  // negative
  expectRefused(folder, sparse({2, 2}, 1, {0, 2}, {1, 2}));             // outside of its axis
  expectRefused(folder, sparse({2, 2}, 2, {1}, {1}));                   // fewer indices than values
  expectRefused(folder, sparse({2, 2}, 1, {0, 0, 0}, {1, 3}));          // another rank
  expectRefused(folder, sparse({1 << 20, 1 << 20}, 1, {0}, {1}));       // 4 TiB of zeros
  expectRefused(folder, sparse({INT64_MAX, INT64_MAX}, 1, {0}, {1}));
  const auto network = openModel(folder, sparse({2, 2}, 2, {0, 3}, {2}));
  const auto weight = network->value(network->find("w")).constant;
  EXPECT_EQ(weight.data<float>()[3], 2);
  EXPECT_EQ(findLayers(*network).size(), 1u);
}

TEST(OnnxHostile, O22_QuantisedAlready) {
  const TestFolder folder;
  ModelProto model = smallModel();
  GraphProto& graph = *model.mutable_graph();
  TensorProto& codes = addWeight(graph, "codes", {2, 2});
  codes.set_data_type(TensorProto::INT8);
  codes.set_raw_data(std::string(4, '\1'));
  floats(graph, "scale", {}, {0.5f});
  graph.mutable_node(0)->set_input(1, "dequantized");
  NodeProto dequantize;
  dequantize.set_op_type("DequantizeLinear");
  dequantize.add_input("codes");
  dequantize.add_input("scale");
  dequantize.add_output("dequantized");
  *graph.add_node() = dequantize;
  graph.mutable_node()->SwapElements(0, 1);
  const auto network = openModel(folder, model);
  std::vector<std::string> skipped;
  EXPECT_EQ(findLayers(*network, &skipped).size(), 0u);
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_NE(skipped[0].find("quantised already, as int8"), std::string::npos) << skipped[0];
}

TEST(OnnxHostile, O24_SharedWeight) {
  const TestFolder folder;
  ModelProto model = smallModel();
  addNode(*model.mutable_graph(), "MatMul", {"y", "w"}, {"z"});
  addOutput(*model.mutable_graph(), "z");
  const Layers layers = findLayers(*openModel(folder, model));
  ASSERT_EQ(layers.size(), 2u);
  ASSERT_EQ(layers.sharedWeights.size(), 1u);
  EXPECT_EQ(layers.sharedWeights[0].size(), 2u);
  EXPECT_NE(layers.items[0].name, layers.items[1].name);
}

TEST(OnnxHostile, O25_WeightThatIsAnInput) {
  const TestFolder folder;
  ModelProto model = smallModel();
  addInput(*model.mutable_graph(), "w", {2, 2});
  const auto network = openModel(folder, model);
  EXPECT_EQ(network->inputs.size(), 1u);
  EXPECT_TRUE(network->value(network->find("w")).isConstant());
  EXPECT_TRUE(hasNotice(*network, "treated as weights: w"));
  EXPECT_EQ(findLayers(*network).size(), 1u);
}

TEST(OnnxHostile, O26_Scales) {
  const TestFolder folder;
  for (const float scale : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    ModelProto model = oneOperation("DequantizeLinear", {}, {2, 2});
    model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::INT8);
    floats(*model.mutable_graph(), "scale", {}, {scale});
    node(model).add_input("scale");
    expectProblem(folder, model);
  }
}

TEST(OnnxHostile, O27_DynamicOperand) {
  const TestFolder folder;
  ModelProto model = smallModel();
  addInput(*model.mutable_graph(), "b", {2, 2});
  addNode(*model.mutable_graph(), "MatMul", {"y", "b"}, {"z"});
  addOutput(*model.mutable_graph(), "z");
  EXPECT_EQ(findLayers(*openModel(folder, model)).size(), 1u);
}

TEST(OnnxHostile, O28_PackedProducts) {
  const TestFolder folder;
  const auto packed = [](std::int64_t k, std::int64_t n, std::int64_t bits, std::int64_t block, const std::vector<std::int64_t>& dims) {
    ModelProto model = oneOperation("MatMulNBits", {dims, {4}}, {1, 32});
    TensorProto& codes = *model.mutable_graph()->mutable_initializer(0);
    codes.set_data_type(TensorProto::UINT8);
    codes.set_raw_data(std::string(codes.raw_data().size() / 4, '\0'));
    node(model).set_domain("com.microsoft");
    for (const auto& [key, value] : {std::pair{"K", k}, {"N", n}, {"bits", bits}, {"block_size", block}}) addAttribute(node(model), key, AttributeProto::INT).set_i(value);
    return model;
  };
  expectProblem(folder, packed(32, 4, 4, 32, {4, 1, 15}));
  expectProblem(folder, packed(32, 4, 4, 32, {4, 2, 16}));
  expectProblem(folder, packed(0, 4, 4, 32, {4, 1, 16}));
  expectProblem(folder, packed(32, 4, 9, 32, {4, 1, 36}));
  expectProblem(folder, packed(32, INT64_MAX, 4, 32, {4, 1, 16}));
  expectProblem(folder, packed(32, 4, 4, 0, {4, 1, 16}));
  EXPECT_TRUE(inferShapes(*openModel(folder, packed(32, 4, 4, 32, {4, 1, 16}))).problems.empty());
}

}  // namespace
}  // namespace planish::onnx
