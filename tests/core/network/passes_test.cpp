#include "core/network/layer.h"
#include "core/network/passes/drop_identity.h"
#include "core/network/passes/fold_batchnorm.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace planish;

namespace {

ValueId add(Network& network, const std::string& name, Tensor constant = {}) {
  Value value;
  value.name = name;
  value.constant = std::move(constant);
  value.source = value.isConstant() ? network.valueCount() : -1;
  return network.addValue(std::move(value));
}

void node(Network& network, const std::string& type, std::vector<ValueId> inputs,
          std::vector<ValueId> outputs, Attributes attributes = {}) {
  Operation operation;
  operation.type = type;
  operation.inputs = std::move(inputs);
  operation.outputs = std::move(outputs);
  operation.attributes = std::move(attributes);
  operation.source = network.operationCount();
  network.addOperation(std::move(operation));
}

Tensor vector(const std::vector<float>& values) {
  return Tensor::of<float>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

struct Normalized {
  Network network;
  ValueId weight, made, result;
};

/// x -> `type` -> BatchNormalization -> result, with two output channels.
Normalized normalized(const std::string& type, Shape weightShape, std::vector<float> weight,
                      Attributes attributes = {}, Tensor bias = {}) {
  Normalized n;
  n.network.opsets[""] = 17;
  const ValueId x = add(n.network, "x");
  n.network.inputs = {x};
  n.weight = add(n.network, "c.weight", Tensor::of<float>(std::move(weightShape), weight));
  std::vector<ValueId> inputs{x, n.weight};
  if (bias.defined()) inputs.push_back(add(n.network, "c.bias", bias));
  n.made = add(n.network, "made");
  n.result = add(n.network, "result");
  node(n.network, type, inputs, {n.made}, std::move(attributes));
  const ValueId scale = add(n.network, "scale", vector({2, -3})),
                offset = add(n.network, "offset", vector({0.5f, 1})),
                mean = add(n.network, "mean", vector({1, 2})),
                variance = add(n.network, "variance", vector({3.99999f, 15.99999f}));
  node(n.network, "BatchNormalization", {n.made, scale, offset, mean, variance}, {n.result});
  n.network.outputs = {n.result};
  return n;
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.data<float>().begin(), tensor.data<float>().end()};
}

void expectNear(const Tensor& tensor, const std::vector<float>& expected) {
  const auto found = values(tensor);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1e-6) << i;
}

}  // namespace

// f = {2 / 2, -3 / 4}; b' = {0.5 - 1, 1 + 1.5}
TEST(FoldBatchNorm, ConvTakesItOver) {
  const auto n = normalized("Conv", Shape{2, 1, 1, 2}, {1, 2, 4, 8});
  const PassResult result = foldBatchNorm(n.network);
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_EQ(result.network.passes, std::vector<std::string>{"fold-batchnorm"});
  ASSERT_EQ(result.network.operationCount(), 1);
  const Operation& conv = result.network.operation({0});
  EXPECT_EQ(conv.source, -1);
  EXPECT_EQ(conv.output(0), n.result);
  const Value& weight = result.network.value(conv.input(1));
  EXPECT_EQ(weight.name, "c.weight");
  EXPECT_EQ(weight.source, -1);
  expectNear(weight.constant, {1, 2, -3, -6});
  EXPECT_EQ(result.network.value(conv.input(2)).name, "c.bias");
  expectNear(result.network.value(conv.input(2)).constant, {-0.5f, 2.5f});
  EXPECT_EQ(findLayers(result.network).items.at(0).name, findLayers(n.network).items.at(0).name);
  expectNear(n.network.value(n.weight).constant, {1, 2, 4, 8});  // the given network is as it was
}

TEST(FoldBatchNorm, BiasIsScaledToo) {
  const auto n = normalized("Conv", Shape{2, 1, 1, 1}, {1, 4}, {}, vector({10, 20}));
  const PassResult result = foldBatchNorm(n.network);
  ASSERT_EQ(result.changes.size(), 1u);
  expectNear(result.network.value(result.network.operation({0}).input(2)).constant, {9.5f, -12.5f});
}

TEST(FoldBatchNorm, GemmInBothOrdersWithBeta) {
  Attributes beta;
  beta.set("beta", 2.0f);
  const auto plain = normalized("Gemm", Shape{3, 2}, {1, 2, 3, 4, 5, 6}, beta, vector({10, 20}));
  const PassResult a = foldBatchNorm(plain.network);
  ASSERT_EQ(a.changes.size(), 1u);
  const Operation& gemm = a.network.operation({0});
  expectNear(a.network.value(gemm.input(1)).constant, {1, -1.5f, 3, -3, 5, -4.5f});
  expectNear(a.network.value(gemm.input(2)).constant, {19.5f, -27.5f});
  EXPECT_EQ(gemm.attributes.number("beta", 0), 1.0f);

  Attributes transposed;
  transposed.set("transB", std::int64_t(1));
  const auto other = normalized("Gemm", Shape{2, 3}, {1, 2, 3, 4, 5, 6}, transposed);
  const PassResult b = foldBatchNorm(other.network);
  expectNear(b.network.value(b.network.operation({0}).input(1)).constant, {1, 2, 3, -3, -3.75f, -4.5f});
}

TEST(FoldBatchNorm, ConvTransposeWithGroups) {
  Attributes groups;
  groups.set("group", std::int64_t(2));
  // [in 2, out/groups 1, 1, 2]: input channel i feeds output channel i
  const auto n = normalized("ConvTranspose", Shape{2, 1, 1, 2}, {1, 2, 4, 8}, groups);
  const PassResult result = foldBatchNorm(n.network);
  ASSERT_EQ(result.changes.size(), 1u);
  expectNear(result.network.value(result.network.operation({0}).input(1)).constant, {1, 2, -3, -6});
}

TEST(FoldBatchNorm, LeavesWhatItMayNotTouch) {
  auto read = normalized("Conv", Shape{2, 1, 1, 1}, {1, 4});
  const ValueId other = add(read.network, "other");
  node(read.network, "Relu", {read.made}, {other});
  EXPECT_TRUE(foldBatchNorm(read.network).changes.empty());

  auto output = normalized("Conv", Shape{2, 1, 1, 1}, {1, 4});
  output.network.outputs.push_back(output.made);
  EXPECT_TRUE(foldBatchNorm(output.network).changes.empty());

  auto shared = normalized("Conv", Shape{2, 1, 1, 1}, {1, 4});
  const ValueId second = add(shared.network, "second");
  node(shared.network, "Conv", {shared.network.inputs[0], shared.weight}, {second});
  EXPECT_TRUE(foldBatchNorm(shared.network).changes.empty());

  auto training = normalized("Conv", Shape{2, 1, 1, 1}, {1, 4});
  training.network.operation({1}).attributes.set("training_mode", std::int64_t(1));
  EXPECT_TRUE(foldBatchNorm(training.network).changes.empty());
  EXPECT_TRUE(foldBatchNorm(training.network).network.passes.empty());
}

TEST(FoldBatchNorm, StatisticsBehindIdentity) {
  auto n = normalized("Conv", Shape{2, 1, 1, 1}, {1, 4});
  const ValueId copy = add(n.network, "copy");
  std::vector<Operation> operations = n.network.operations();
  Operation identity;
  identity.type = "Identity";
  identity.inputs = {operations[1].inputs[2]};
  identity.outputs = {copy};
  operations[1].inputs[2] = copy;
  operations.insert(operations.begin(), identity);
  n.network.setOperations(operations);
  EXPECT_EQ(foldBatchNorm(n.network).changes.size(), 1u);
}

TEST(DropIdentity, ReadersReadWhatItRead) {
  Network network;
  network.opsets[""] = 17;
  const ValueId x = add(network, "x"), a = add(network, "a"), b = add(network, "b"), y = add(network, "y"),
                z = add(network, "z");
  network.inputs = {x};
  node(network, "Identity", {x}, {a});
  node(network, "Dropout", {a}, {b});
  node(network, "Relu", {b}, {y});
  node(network, "Identity", {y}, {z});
  network.outputs = {z};
  const PassResult result = dropIdentity(network);
  EXPECT_EQ(result.changes.size(), 2u);
  ASSERT_EQ(result.network.operationCount(), 2);
  EXPECT_EQ(result.network.operation({0}).input(0), x);
  EXPECT_EQ(result.network.operation({0}).source, -1);
  EXPECT_EQ(result.network.operation({1}).type, "Identity");  // it makes the network's output
  EXPECT_EQ(result.network.operation({1}).source, 3);
}

TEST(DropIdentity, TrainingDropoutStays) {
  Network network;
  network.opsets[""] = 17;
  const ValueId x = add(network, "x"), ratio = add(network, "r", vector({0.5f})),
                mode = add(network, "t", Tensor::scalar(true)), d = add(network, "d"), y = add(network, "y");
  network.inputs = {x};
  node(network, "Dropout", {x, ratio, mode}, {d});
  node(network, "Relu", {d}, {y});
  network.outputs = {y};
  EXPECT_TRUE(dropIdentity(network).changes.empty());
}
