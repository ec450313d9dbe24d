#include "tests/core/compute/sketch.h"

#include "core/compute/shape_inference.h"

using namespace planish;
using namespace planish::testing;

namespace {

/// Conv, BatchNormalization, Relu; depthwise Conv; sum with what came before; mean over the picture; Gemm.
struct SmallClassifier : Sketch {
  std::mt19937 random{freshSeed()};
  ValueId x, w1, convolved, normalized, active, w2, depthwise, sum, pooled, w3, logits;

  SmallClassifier() {
    x = input("x");
    w1 = weight("w1", randomTensor({8, 3, 3, 3}, random));
    convolved = add("Conv", {x, w1}, padded(1));
    Tensor variance = randomTensor({8}, random);
    for (auto& value : variance.writable<float>()) value = std::abs(value) + 0.1F;
    normalized = add("BatchNormalization", {convolved, weight("scale", randomTensor({8}, random)), weight("shift", randomTensor({8}, random)),
                                            weight("mean", randomTensor({8}, random)), weight("variance", variance)});
    active = add("Relu", {normalized});
    w2 = weight("w2", randomTensor({8, 1, 3, 3}, random));
    depthwise = add("Conv", {active, w2}, padded(8));
    sum = add("Add", {active, depthwise});
    pooled = add("GlobalAveragePool", {sum});
    const ValueId flat = add("Flatten", {pooled});
    w3 = weight("w3", randomTensor({8, 5}, random));
    logits = add("Gemm", {flat, w3});
    network.outputs = {logits};
  }

  static Attributes padded(std::int64_t group) {
    Attributes attributes;
    attributes.set("pads", std::vector<std::int64_t>{1, 1, 1, 1});
    attributes.set("group", group);
    return attributes;
  }
  Tensor pictures(std::int64_t batch) { return randomTensor({batch, 3, 6, 6}, random); }
  std::vector<ValueId> wanted() const { return {logits}; }
};

ValueMap runReference(const Network& network, const ValueMap& given, const std::vector<ValueId>& wanted, const RunOptions& options = {}) {
  return Executor(network, Context{}, referenceKernels()).run(given, wanted, options);
}

TEST(Executor, BatchesOfChangingSizeEqualTheReference) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  for (const std::int64_t batch : {4, 4, 1, 7, 4, 1}) {
    const ValueMap given{{small.x, small.pictures(batch)}};
    expectClose(runReference(small.network, given, small.wanted()).at(small.logits), executor.run(given, small.wanted()).at(small.logits), 5e-5);
  }
  EXPECT_GT(executor.peakBytes(), 0);
}

TEST(Executor, EveryValueThatIsWantedIsMadeThoughItCouldBeFused) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  const ValueMap given{{small.x, small.pictures(2)}};
  const std::vector<ValueId> wanted{small.convolved, small.normalized, small.active, small.depthwise, small.sum, small.pooled, small.logits};
  const auto expected = runReference(small.network, given, wanted), found = executor.run(given, wanted);
  for (const ValueId id : wanted) expectClose(expected.at(id), found.at(id), 5e-5);
}

TEST(Executor, KeptCutValuesGiveTheBytesOfAFullRun) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  const ValueMap given{{small.x, small.pictures(3)}};
  const Connections connections(small.network);
  for (const ValueId layer : {small.depthwise, small.logits}) {
    const OperationId first = connections.producer[static_cast<std::size_t>(layer.index)];
    const auto cut = cutBefore(small.network, first, small.wanted());
    const ValueMap kept = executor.run(given, cut);
    const WeightOverlay overlay{{small.w2, randomTensor({8, 1, 3, 3}, small.random)}, {small.w3, randomTensor({8, 5}, small.random)}};
    RunOptions options;
    if (layer == small.depthwise) options.overlay = &overlay;
    const Tensor whole = toPlain(executor.run(given, small.wanted(), options).at(small.logits));
    const Tensor rest = toPlain(executor.run(kept, small.wanted(), options).at(small.logits));
    EXPECT_TRUE(std::ranges::equal(whole.data<float>(), rest.data<float>()));
  }
}

TEST(Executor, HooksSeeValuesInPlainLayoutOnceAndTheResultStays) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  const ValueMap given{{small.x, small.pictures(2)}};
  const std::vector<ValueId> observed{small.x, small.normalized, small.depthwise};
  const auto expected = runReference(small.network, given, observed);
  std::map<ValueId, int> seen;
  RunOptions options;
  options.observed = observed;
  options.hook = [&](ValueId id, const Tensor& tensor) {
    ++seen[id];
    EXPECT_EQ(tensor.layout(), Layout::plain);
    expectClose(expected.at(id), tensor, 5e-5);
  };
  const auto found = executor.run(given, small.wanted(), options);
  for (const ValueId id : observed) EXPECT_EQ(seen[id], 1);
  expectClose(runReference(small.network, given, small.wanted()).at(small.logits), found.at(small.logits), 5e-5);
}

TEST(Executor, TransformsChangeAValueBeforeAnybodyReadsIt) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  const ValueMap given{{small.x, small.pictures(2)}};
  const auto coarse = [](const Tensor& tensor) {
    Tensor result(tensor.type(), tensor.shape());
    for (std::size_t i = 0; i < tensor.data<float>().size(); ++i) result.writable<float>()[i] = std::nearbyint(tensor.data<float>()[i]);
    return result;
  };
  const ValueTransforms transforms{{small.x, coarse}, {small.normalized, [](const Tensor& t) { return cast(t, DataType::float32); }}, {small.pooled, [](const Tensor& t) {
                                     Tensor result(t.type(), t.shape());
                                     for (std::size_t i = 0; i < t.data<float>().size(); ++i) result.writable<float>()[i] = 2 * t.data<float>()[i];
                                     return result;
                                   }}};
  RunOptions options;
  options.transforms = &transforms;
  const auto expected = runReference(small.network, given, small.wanted(), options).at(small.logits);
  expectClose(expected, executor.run(given, small.wanted(), options).at(small.logits), 5e-5);
  const auto untouched = toPlain(executor.run(given, small.wanted()).at(small.logits)), changed = toPlain(expected);
  EXPECT_FALSE(std::ranges::equal(untouched.data<float>(), changed.data<float>()));
}

TEST(Executor, TheNumberOfThreadsDoesNotChangeTheBytes) {
  SmallClassifier small;
  const ValueMap given{{small.x, randomTensor({9, 3, 33, 35}, small.random)}};
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 3, 8}) {
    Context context;
    context.threads = threads;
    results.push_back(toPlain(Executor(small.network, context).run(given, small.wanted()).at(small.logits)));
  }
  for (const Tensor& result : results) EXPECT_TRUE(std::ranges::equal(results[0].data<float>(), result.data<float>()));
}

TEST(Executor, ThePositionInTheBatchDoesNotChangeTheBytes) {
  SmallClassifier small;
  const Tensor pictures = small.pictures(5);
  Executor executor(small.network, Context{});
  const Tensor all = toPlain(executor.run({{small.x, pictures}}, small.wanted()).at(small.logits));
  const auto pixels = pictures.data<float>();
  for (std::size_t i = 0; i < 5; ++i) {
    const Tensor one = Tensor::of<float>({1, 3, 6, 6}, std::vector<float>(pixels.begin() + static_cast<std::ptrdiff_t>(i * 108), pixels.begin() + static_cast<std::ptrdiff_t>(i * 108 + 108)));
    const Tensor alone = toPlain(executor.run({{small.x, one}}, small.wanted()).at(small.logits));
    EXPECT_TRUE(std::ranges::equal(alone.data<float>(), all.data<float>().subspan(i * 5, 5)));
  }
}

TEST(Executor, ValuesMadeOfWeightsAloneFollowTheOverlay) {
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId w = sketch.weight("w", randomTensor({6, 4}, random));
  const ValueId y = sketch.add("MatMul", {x, sketch.add("Transpose", {w})});
  const ValueMap given{{x, randomTensor({3, 4}, random)}};
  const std::vector<ValueId> wanted{y};
  Executor executor(sketch.network, Context{});
  for (int i = 0; i < 8; ++i) {
    const WeightOverlay overlay{{w, randomTensor({6, 4}, random)}};
    RunOptions options;
    if (i % 3 != 0) options.overlay = &overlay;
    expectClose(runReference(sketch.network, given, wanted, options).at(y), executor.run(given, wanted, options).at(y), 1e-5);
  }
}

TEST(Executor, ShapesThatDependOnTheBatch) {
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId first = sketch.weight("first", Tensor::of<std::int64_t>({1}, {0})), rest = sketch.weight("rest", Tensor::of<std::int64_t>({1}, {-1}));
  Attributes along;
  along.set("axis", std::int64_t(0));
  const ValueId shape = sketch.add("Concat", {sketch.add("Gather", {sketch.add("Shape", {x}), first}, along), rest}, along);
  const ValueId y = sketch.add("Reshape", {sketch.add("Relu", {x}), shape});
  Executor executor(sketch.network, Context{});
  const std::vector<ValueId> wanted{y};
  for (const std::int64_t batch : {2, 5, 2, 3, 1, 4, 6, 7}) {
    const ValueMap given{{x, randomTensor({batch, 3, 4}, random)}};
    EXPECT_EQ(executor.run(given, wanted).at(y).shape().text(), "[" + std::to_string(batch) + ", 12]");
  }
}

TEST(Executor, StopsBetweenOperations) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  const Progress progress;
  RunOptions options;
  options.progress = &progress;
  options.observed = {small.active};
  bool later = false;
  options.hook = [&](ValueId, const Tensor&) { progress.requestStop(); };
  const ValueTransforms transforms{{small.pooled, [&](const Tensor& tensor) {
                                      later = true;
                                      return tensor;
                                    }}};
  options.transforms = &transforms;
  EXPECT_THROW(executor.run({{small.x, small.pictures(1)}}, small.wanted(), options), Cancelled);
  EXPECT_FALSE(later);
}

TEST(Executor, SaysWhatWasNotGiven) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  try {
    executor.run({}, small.wanted());
    FAIL() << "an input that nobody gave was not missed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
    EXPECT_NE(error.message().find("'x'"), std::string::npos) << error.what();
  }
}

TEST(Executor, ExplainsWhatItUsedAndWhyNotTheFastOne) {
  SmallClassifier small;
  Executor executor(small.network, Context{});
  executor.run({{small.x, small.pictures(1)}}, small.wanted());
  std::string all;
  for (const auto& line : executor.explain()) all += line + "\n";
  EXPECT_NE(all.find("Conv"), std::string::npos) << all;
  EXPECT_NE(all.find("part of Conv"), std::string::npos) << all;
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId y = sketch.add("Softmax", {x}, [] {
    Attributes attributes;
    attributes.set("axis", std::int64_t(1));
    return attributes;
  }());
  Executor other(sketch.network, Context{});
  std::mt19937 random(freshSeed());
  other.run({{x, randomTensor({2, 3, 4}, random)}}, std::vector<ValueId>{y});
  EXPECT_NE(other.explain().at(0).find("reference (vectorised: takes the last axis only)"), std::string::npos) << other.explain().at(0);
}

}  // namespace
