#include "core/compute/program.h"
#include "tests/core/compute/sketch.h"

using namespace planish;
using namespace planish::testing;

namespace {

struct BottleneckCase {
  std::int64_t batch, inputs, channels, outputs, height, width, stride;
  bool normalized, residual;
};

void PrintTo(const BottleneckCase& c, std::ostream* out) {
  *out << c.batch << " pictures, " << c.inputs << " -> " << c.channels << " -> " << c.outputs << " channels, "
       << c.height << "x" << c.width << " stride " << c.stride << (c.normalized ? ", normalized" : "")
       << (c.residual ? ", residual" : "");
}

/// A 1x1 convolution, a depthwise 3x3 one and a 1x1 one, with what stands between them in networks.
struct Block : Sketch {
  std::mt19937 random{freshSeed()};
  ValueId x, wide, filtered, y;
  std::vector<ValueId> weights;

  ValueId convolution(ValueId from, Shape shape, std::int64_t groups, std::int64_t stride, std::int64_t pad,
                      bool normalized) {
    Attributes attributes;
    attributes.set("group", groups);
    attributes.set("strides", std::vector<std::int64_t>{stride, stride});
    attributes.set("pads", std::vector<std::int64_t>{pad, pad, pad, pad});
    const std::string name = std::to_string(network.valueCount());
    const std::int64_t outputs = shape[0];
    weights.push_back(weight("w" + name, randomTensor(shape, random)));
    const auto vector = [&](const std::string& what) {
      return weight(what + name, randomTensor({outputs}, random));
    };
    if (!normalized) return add("Conv", {from, weights.back(), vector("bias")}, attributes);
    Tensor variance = randomTensor({outputs}, random);
    for (auto& value : variance.writable<float>())
      value = std::abs(value) + 0.5F;
    const ValueId made = add("Conv", {from, weights.back()}, attributes);
    return add("BatchNormalization",
               {made, vector("scale"), vector("shift"), vector("mean"), weight("variance" + name, variance)});
  }

  explicit Block(const BottleneckCase& c, const std::string& activation = "Relu") {
    x = input("x");
    const auto activated = [&](ValueId from) { return activation.empty() ? from : add(activation, {from}); };
    wide = activated(convolution(x, {c.channels, c.inputs, 1, 1}, 1, 1, 0, c.normalized));
    filtered = activated(convolution(wide, {c.channels, 1, 3, 3}, c.channels, c.stride, 1, c.normalized));
    y = convolution(filtered, {c.outputs, c.channels, 1, 1}, 1, 1, 0, c.normalized);
    if (c.residual) y = add("Add", {x, y});
    network.outputs = {y};
  }

  ValueMap given(const BottleneckCase& c) {
    return {{x, randomTensor({c.batch, c.inputs, c.height, c.width}, random)}};
  }
};

void expectSameBytes(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape().text(), b.shape().text());
  EXPECT_TRUE(std::ranges::equal(toPlain(a).data<float>(), toPlain(b).data<float>()))
      << "seed " << freshSeed();
}

class Bottlenecks : public ::testing::TestWithParam<BottleneckCase> {};

const BottleneckCase kCases[] = {
    {1, 5, 19, 7, 7, 9, 1, false, false},     {3, 5, 24, 5, 4, 4, 1, true, true},
    {13, 16, 200, 17, 4, 4, 1, true, false},  {2, 24, 144, 24, 32, 32, 1, true, true},
    {2, 24, 144, 32, 32, 32, 2, true, false}, {5, 9, 50, 12, 9, 11, 2, false, false},
    {1, 3, 8, 1, 1, 1, 1, true, false},       {7, 33, 97, 33, 8, 8, 1, true, true},
    {40, 6, 130, 6, 5, 3, 1, false, true},    {1, 40, 30, 40, 70, 65, 1, false, true},
    {15, 160, 960, 160, 4, 4, 1, true, true}, {3, 4, 12, 4, 2, 1, 1, true, true},
};

TEST_P(Bottlenecks, EqualTheReferenceAndToTheByteOneConvolutionAfterTheOther) {
  const auto& c = GetParam();
  Block block(c);
  const ValueMap given = block.given(c);
  compare(block, given, block.y, 1, 5e-5);
  compare(block, given, block.y, 2, 5e-5);
  for (const int threads : {1, 2}) {
    Context context;
    context.threads = threads;
    Executor executor(block.network, context);
    const Tensor whole = executor.run(given, std::vector{block.y}).at(block.y);
    const auto used = executor.explain();
    EXPECT_EQ(std::ranges::count_if(
                  used, [](const std::string& line) { return line.find(": packed") != std::string::npos; }),
              3);
    // Values that somebody asks for exist, and the convolutions run one by one.
    const auto apart = executor.run(given, std::vector{block.wide, block.filtered, block.y});
    expectSameBytes(apart.at(block.y), whole);
  }
}

TEST_P(Bottlenecks, APictureGivesTheSameBytesInAnyBatch) {
  const auto& c = GetParam();
  Block block(c);
  const Tensor pictures = block.given(c).at(block.x);
  Executor executor(block.network, Context{});
  const std::vector<ValueId> wanted{block.y};
  const Tensor together = toPlain(executor.run({{block.x, pictures}}, wanted).at(block.y));
  const std::int64_t size = pictures.count() / c.batch, made = together.count() / c.batch, last = c.batch - 1;
  const auto values =
      pictures.data<float>().subspan(static_cast<std::size_t>(last * size), static_cast<std::size_t>(size));
  const Tensor one = Tensor::of<float>({1, c.inputs, c.height, c.width}, {values.begin(), values.end()});
  const Tensor alone = toPlain(executor.run({{block.x, one}}, wanted).at(block.y));
  EXPECT_TRUE(std::ranges::equal(together.data<float>().subspan(static_cast<std::size_t>(last * made)),
                                 alone.data<float>()))
      << "seed " << freshSeed();
}

INSTANTIATE_TEST_SUITE_P(Shapes, Bottlenecks, ::testing::ValuesIn(kCases));

const BottleneckCase kOne{4, 6, 20, 6, 6, 7, 1, true, true};

TEST(Bottleneck, AnyActivationOrNone) {
  for (const char* activation : {"", "Sigmoid", "HardSwish", "LeakyRelu"}) {
    Block block(kOne, activation);
    compare(block, block.given(kOne), block.y, 1, 5e-5);
  }
}

TEST(Bottleneck, IsOneStepUnlessSomebodyLooksInside) {
  Block block(kOne);
  const Connections connections(block.network);
  const auto steps = [&](std::vector<ValueId> given, std::vector<ValueId> wanted, bool bottlenecks = true) {
    ProgramKey key;
    key.given = std::move(given);
    key.wanted = std::move(wanted);
    key.bottlenecks = bottlenecks;
    return makeProgram(block.network, connections, key).steps;
  };
  ASSERT_EQ(steps({block.x}, {block.y}).size(), 1U);
  EXPECT_EQ(steps({block.x}, {block.y})[0].bottleneck.size(), 3U);
  EXPECT_EQ(steps({block.x}, {block.y}, false).size(), 3U);
  EXPECT_EQ(steps({block.x}, {block.wide, block.y}).size(), 3U);
  EXPECT_EQ(steps({block.x}, {block.filtered, block.y}).size(), 3U);
}

TEST(Bottleneck, TransformsAndCandidatesAreSeenInside) {
  Block block(kOne);
  const ValueMap given = block.given(kOne);
  const std::vector<ValueId> wanted{block.y};
  Executor fast(block.network, Context{}), reference(block.network, Context{}, referenceKernels());
  for (const ValueId weight : block.weights) {
    const WeightOverlay overlay{
        {weight, randomTensor(block.network.value(weight).constant.shape(), block.random)}};
    RunOptions options;
    options.overlay = &overlay;
    expectClose(reference.run(given, wanted, options).at(block.y),
                fast.run(given, wanted, options).at(block.y), 5e-5);
    expectClose(reference.run(given, wanted).at(block.y), fast.run(given, wanted).at(block.y), 5e-5);
  }
  const ValueTransforms half{{block.wide, [](const Tensor& value) {
                                Tensor plain = toPlain(value), changed(DataType::float32, value.shape());
                                std::ranges::transform(plain.data<float>(), changed.writable<float>().begin(),
                                                       [](float v) { return v / 2; });
                                return changed;
                              }}};
  RunOptions options;
  options.transforms = &half;
  expectClose(reference.run(given, wanted, options).at(block.y), fast.run(given, wanted, options).at(block.y),
              5e-5);
}

TEST(Bottleneck, OtherReadersKeepTheConvolutionsApart) {
  Block block(kOne);
  const ValueId shared = block.add("GlobalAveragePool", {block.wide});
  const ValueId sum = block.add("ReduceSum", {block.y});
  const ValueId both = block.add("Add", {block.add("ReduceSum", {shared}), sum});
  compare(block, block.given(kOne), both, 1, 1e-4);
}

}  // namespace
