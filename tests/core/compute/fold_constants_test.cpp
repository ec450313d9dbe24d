#include "core/compute/passes/fold_constants.h"

#include "tests/core/compute/sketch.h"

using namespace planish;
using namespace planish::testing;

namespace {

TEST(FoldConstants, WhatWeightsAloneMakeBecomesAConstant) {
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const ValueId x = sketch.input("x"), w = sketch.weight("w", randomTensor({6, 4}, random)),
                two = sketch.weight("two", Tensor::scalar(2.0F));
  const ValueId scaled = sketch.add("Mul", {w, two}), turned = sketch.add("Transpose", {scaled});
  const ValueId y = sketch.add("Relu", {sketch.add("MatMul", {x, turned})});
  sketch.network.outputs = {y};
  const PassResult folded = foldConstants(sketch.network);
  EXPECT_EQ(folded.changes.size(), 2U);
  EXPECT_EQ(folded.network.passes, std::vector<std::string>{"fold-constants"});
  ASSERT_EQ(folded.network.operationCount(), 2);
  EXPECT_EQ(folded.network.operation({0}).type, "MatMul");
  ASSERT_TRUE(folded.network.value(turned).isConstant());
  EXPECT_EQ(folded.network.value(turned).constant.shape(), Shape({4, 6}));
  EXPECT_EQ(folded.network.value(turned).constant.data<float>()[1],
            2 * sketch.network.value(w).constant.data<float>()[4]);
  const ValueMap given{{x, randomTensor({3, 4}, random)}};
  const std::vector<ValueId> wanted{y};
  expectClose(Executor(sketch.network, Context{}).run(given, wanted).at(y),
              Executor(folded.network, Context{}).run(given, wanted).at(y), 1e-6);
  EXPECT_EQ(sketch.network.operationCount(), 4) << "the given network was changed";
}

TEST(FoldConstants, LeavesAloneWhatItMust) {
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const ValueId x = sketch.input("x"), w = sketch.weight("w", randomTensor({3, 5}, random)),
                large = sketch.weight("large", randomTensor({40, 50}, random));
  const ValueId codes = sketch.weight("codes", Tensor::of<std::int8_t>({2}, {3, -4})),
                scale = sketch.weight("scale", Tensor::scalar(0.5F));
  const ValueId product =
      sketch.add("MatMul", {w, w});  // shapes that do not fit: whoever runs it gets the error
  const ValueId sum = sketch.add("Add", {large, large});
  const ValueId noise = sketch.add("RandomNormalLike", {w});
  const ValueId weights = sketch.add("DequantizeLinear", {codes, scale});
  const ValueId output = sketch.add("Neg", {w});
  const ValueId follows = sketch.add("Neg", {x});
  sketch.network.outputs = {product, sum, noise, weights, output, follows};
  // The network's outputs stay operations' results; behind each of the others stands one reader.
  std::vector<ValueId> ends;
  for (const ValueId value : {product, sum, noise, weights, follows})
    ends.push_back(sketch.add("Identity", {value}));
  ends.push_back(output);
  sketch.network.outputs = ends;
  const PassResult folded = foldConstants(sketch.network, 1999);
  EXPECT_TRUE(folded.changes.empty()) << folded.changes.front();
  EXPECT_TRUE(folded.network.passes.empty());
  EXPECT_EQ(folded.network.operationCount(), sketch.network.operationCount());
  EXPECT_EQ(foldConstants(sketch.network, 2000).changes.size(), 1U) << "the large sum fits this limit";
}

}  // namespace
