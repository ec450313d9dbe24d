#include "tests/plugins/formats/onnx_builder.h"

#include "core/base/sha256.h"
#include "core/compute/passes/fold_constants.h"
#include "core/network/layer.h"
#include "plugins/formats/onnx/model_file.h"

#include <cstdlib>

namespace planish::onnx {
namespace {

std::filesystem::path asset(const std::string& name) {
  const char* folder = std::getenv("PLANISH_ASSETS");
  return std::filesystem::path(folder ? folder : PLANISH_SOURCE_DIR "/../shared/assets") / name;
}

struct Real {
  const char* file;
  int nodes;           ///< in the file, Constant operations left out
  std::size_t layers;  ///< once constants are folded
  std::int64_t weights;
  const char* first;   ///< names of the first and last layer
  const char* last;
};

class RealNetwork : public testing::TestWithParam<Real> {};

TEST_P(RealNetwork, OpensWithItsLayers) {
  const auto path = asset(GetParam().file);
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs assets: " << GetParam().file;
  const auto network = OnnxImporter().open(path, Progress());
  EXPECT_TRUE(network->notices.empty()) << network->notices.front();
  EXPECT_EQ(network->operationCount(), GetParam().nodes);
  EXPECT_EQ(network->inputs.size(), 1u);
  EXPECT_EQ(network->value(network->inputs[0]).declaredShape[0], -1);
  EXPECT_EQ(network->fingerprint, sha256OfFile(path));
  const Layers layers = findLayers(foldConstants(*network).network);
  ASSERT_EQ(layers.size(), GetParam().layers);
  std::int64_t weights = 0;
  for (const auto& layer : layers.items) {
    weights += layer.weightCount();
    EXPECT_EQ(layer.name.find_first_of("/:#"), std::string::npos) << layer.name;
    EXPECT_EQ(layer.name.find("output"), std::string::npos) << layer.name;
  }
  EXPECT_EQ(weights, GetParam().weights);
  EXPECT_EQ(layers.items.front().name, GetParam().first);
  EXPECT_EQ(layers.items.back().name, GetParam().last);
}

INSTANTIATE_TEST_SUITE_P(Assets, RealNetwork,
                         testing::Values(Real{"cifar10/mobilenetv2.onnx", 151, 53, 2202560, "f.0", "h"},
                                         Real{"cifar10/resnet20.onnx", 105, 20, 268336, "conv1", "linear"},
                                         Real{"cifar10/vit.onnx", 354, 26, 2665344, "pe", "h"},
                                         Real{"demo_digits/digits_resnet.onnx", 53, 16, 173840, "c", "h"},
                                         Real{"demo_glyphs/glyphs_mobilenetv2.onnx", 154, 54, 544240, "features.0", "classifier"}),
                         [](const auto& info) {
                           std::string name = std::filesystem::path(info.param.file).stem();
                           return name;
                         });

TEST(OnnxImport, FillsTheNetwork) {
  const TestFolder folder;
  ModelProto model = smallModel();
  model.set_producer_name("maker");
  auto* entry = model.add_metadata_props();
  entry->set_key("licence");
  entry->set_value("CC BY");
  auto* domain = model.add_opset_import();
  domain->set_domain("com.microsoft");
  domain->set_version(1);
  model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("batch");
  const auto network = openModel(folder, model);
  EXPECT_EQ(network->format, "onnx");
  EXPECT_EQ(network->irVersion, 9);
  EXPECT_EQ(network->opset(), 17);
  EXPECT_EQ(network->opset("com.microsoft"), 1);
  EXPECT_EQ(network->metadata.at("licence"), "CC BY");
  EXPECT_EQ(network->metadata.at("producer"), "maker");
  const Value& input = network->value(network->inputs[0]);
  EXPECT_EQ(input.declaredShape, (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(input.symbols[0], "batch");
  EXPECT_EQ(input.type, DataType::float32);
  EXPECT_EQ(network->operation({0}).source, 0);
  EXPECT_EQ(network->value(network->find("w")).source, 0);
}

TEST(OnnxImport, MakesWeightsOfConstants) {
  const TestFolder folder;
  ModelProto model = smallModel();
  GraphProto& graph = *model.mutable_graph();
  graph.clear_initializer();
  NodeProto constant;
  constant.set_op_type("Constant");
  constant.add_output("w");
  ModelProto weight = smallModel();
  *addAttribute(constant, "value", AttributeProto::TENSOR).mutable_t() = weight.graph().initializer(0);
  *graph.add_node() = constant;
  graph.mutable_node()->SwapElements(0, 1);
  addAttribute(addNode(graph, "Constant", {}, {"i"}), "value_int", AttributeProto::INT).set_i(7);
  addInts(addNode(graph, "Constant", {}, {"is"}), "value_ints", {1, 2, 3});
  const auto network = openModel(folder, model);
  ASSERT_EQ(network->operationCount(), 1);
  EXPECT_EQ(network->operation({0}).source, 1);
  EXPECT_EQ(network->value(network->find("w")).constantNode(), 0);
  EXPECT_EQ(network->value(network->find("i")).constant.data<std::int64_t>()[0], 7);
  EXPECT_EQ(network->value(network->find("is")).constant.shape(), Shape{3});
  EXPECT_EQ(network->value(network->find("is")).constantNode(), 3);
  EXPECT_EQ(findLayers(*network).size(), 1u);
}

TEST(OnnxImport, BodiesReadValuesAroundThem) {
  const TestFolder folder;
  ModelProto model = smallModel();
  GraphProto& graph = *model.mutable_graph();
  addInput(graph, "c", {}, DataType::boolean);
  addInput(graph, "unused", {1});
  NodeProto& branch = addNode(graph, "If", {"c"}, {"z"});
  GraphProto& thenGraph = *addAttribute(branch, "then_branch", AttributeProto::GRAPH).mutable_g();
  addNode(thenGraph, "Add", {"y", "w"}, {"t"});
  addOutput(thenGraph, "t");
  GraphProto& elseGraph = *addAttribute(branch, "else_branch", AttributeProto::GRAPH).mutable_g();
  NodeProto& inner = addNode(elseGraph, "If", {"c"}, {"e"});
  for (const char* name : {"then_branch", "else_branch"}) {
    GraphProto& deepest = *addAttribute(inner, name, AttributeProto::GRAPH).mutable_g();
    addNode(deepest, "Relu", {"x"}, {"r"});
    addOutput(deepest, "r");
  }
  addOutput(elseGraph, "e");
  addOutput(graph, "z");
  const auto network = openModel(folder, model);
  const Operation& operation = network->operation({1});
  std::set<std::string> captured;
  for (const ValueId id : operation.captured) captured.insert(network->value(id).name);
  EXPECT_EQ(captured, (std::set<std::string>{"y", "w", "c", "x"}));
  const auto body = operation.attributes.graph("then_branch");
  ASSERT_TRUE(body);
  ASSERT_EQ(body->outerValues.size(), 2u);
  EXPECT_EQ(body->value(body->outerValues[0]).name, "y");
  EXPECT_TRUE(body->value(body->outerValues[1]).isConstant());
  EXPECT_EQ(body->opset(), 17);
  // The reader of a captured value comes after its maker, and passes see that it is read.
  EXPECT_EQ(Connections(*network).consumers[static_cast<std::size_t>(network->find("y").index)].size(), 1u);
  // What a body makes is not seen outside.
  addNode(graph, "Relu", {"t"}, {"end"});
  expectRefused(folder, model);
}

TEST(OnnxImport, PutsFunctionsInPlace) {
  const TestFolder folder;
  ModelProto model = smallModel();
  FunctionProto& function = *model.add_functions();
  function.set_domain("own");
  function.set_name("Scaled");
  for (const char* name : {"a", "absent"}) function.add_input(name);
  for (const char* name : {"b", "same"}) function.add_output(name);
  function.add_attribute("alpha");
  NodeProto constant;
  constant.set_op_type("Constant");
  constant.add_output("k");
  auto& value = addAttribute(constant, "value_float", AttributeProto::FLOAT);
  value.set_ref_attr_name("alpha");
  *function.add_node() = constant;
  GraphProto steps;
  addNode(steps, "Mul", {"a", "k"}, {"m"});
  addNode(steps, "Clip", {"m", "absent"}, {"b"});
  addNode(steps, "Identity", {"a"}, {"same"});
  for (const auto& node : steps.node()) *function.add_node() = node;
  for (int i = 0; i < 2; ++i) {
    const std::string end = std::to_string(i);
    NodeProto& call = addNode(*model.mutable_graph(), "Scaled", {"y"}, {"z" + end, "s" + end});
    call.set_domain("own");
    addAttribute(call, "alpha", AttributeProto::FLOAT).set_f(static_cast<float>(i) + 0.5f);
    addOutput(*model.mutable_graph(), "z" + end);
  }
  const auto network = openModel(folder, model);
  ASSERT_EQ(network->operationCount(), 7);
  EXPECT_EQ(network->operation({1}).type, "Mul");
  EXPECT_EQ(network->operation({1}).source, -1);
  EXPECT_FALSE(network->operation({2}).input(1).valid());
  EXPECT_TRUE(network->find("z1").valid());
  EXPECT_EQ(network->value(network->operation({1}).input(1)).constant.data<float>()[0], 0.5f);
  EXPECT_EQ(network->value(network->operation({4}).input(1)).constant.data<float>()[0], 1.5f);
  std::set<std::string> names;
  for (const auto& made : network->values()) EXPECT_TRUE(names.insert(made.name).second) << made.name;
  EXPECT_TRUE(hasNotice(*network, "functions of the file"));
}

TEST(OnnxImport, KeepsUnknownFields) {
  const TestFolder folder;
  const std::string bytes = smallModel().SerializeAsString() + std::string("\xFA\x3E\x03new", 6);  // field 1007
  EXPECT_EQ(readModelFile(InputFile(save(folder, bytes)))->SerializeAsString(), bytes);
}

TEST(OnnxImport, KnowsItsFiles) {
  const TestFolder folder;
  const OnnxImporter importer;
  EXPECT_TRUE(importer.canOpen("a/b.onnx"));
  EXPECT_TRUE(importer.canOpen("B.ONNX"));
  EXPECT_FALSE(importer.canOpen("b.npz"));
  EXPECT_FALSE(importer.canOpen(folder / "nothing"));
  EXPECT_TRUE(importer.canOpen(save(folder, smallModel().SerializeAsString(), "model")));
  EXPECT_FALSE(importer.canOpen(save(folder, "words and words", "text")));
}

TEST(OnnxImport, ExternalDataBelongsToTheFingerprint) {
  const TestFolder folder;
  ModelProto model = smallModel();
  TensorProto& tensor = *model.mutable_graph()->mutable_initializer(0);
  tensor.clear_raw_data();
  tensor.set_data_location(TensorProto::EXTERNAL);
  auto* entry = tensor.add_external_data();
  entry->set_key("location");
  entry->set_value("w.bin");
  writeText(folder / "w.bin", std::string(16, 'a'));
  const std::string first = openModel(folder, model)->fingerprint;
  EXPECT_EQ(openModel(folder, model)->fingerprint, first);
  writeText(folder / "w.bin", std::string(16, 'b'));
  EXPECT_NE(openModel(folder, model)->fingerprint, first);
}

TEST(OnnxImport, StopsWhenAsked) {
  const TestFolder folder;
  const Progress progress;
  progress.requestStop();
  EXPECT_THROW(OnnxImporter().open(save(folder, smallModel().SerializeAsString()), progress), Cancelled);
}

}  // namespace
}  // namespace planish::onnx
