#include "tests/core/compute/cuda/kernel_support.h"

using namespace planish;
using namespace planish::testing;

namespace {

class DeviceKernelTest : public KernelTest {
 protected:
  Tensor random(const Shape& shape, DataType type = DataType::float32, float least = 0, bool positive = false) {
    Tensor tensor = randomTensor(shape, m_random);
    for (float& x : tensor.writable<float>()) x = positive ? least + std::abs(x) : x;
    return cast(tensor, type);
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return std::uniform_int_distribution<std::int64_t>(low, high)(m_random); }
  static Tensor wholes(const std::vector<std::int64_t>& values) { return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values); }

  /// One operation on one random input, for all types.
  void compareOne(const std::string& op, const Shape& shape, const Attributes& attributes = {}, const std::vector<Tensor>& others = {}, bool positive = false, std::int64_t opset = 17) {
    for (const DataType type : kFloatTypes) {
      SCOPED_TRACE(op + " " + shape.text() + " " + std::string(name(type)));
      Sketch sketch;
      sketch.network.opsets[""] = opset;
      const ValueId x = sketch.input("x");
      std::vector<ValueId> inputs{x};
      for (const Tensor& other : others)
        inputs.push_back(other.defined() ? sketch.weight("w" + std::to_string(inputs.size()), isFloating(other.type()) ? cast(other, type) : other) : ValueId{});
      const ValueId y = sketch.add(op, inputs, attributes);
      compareOnDevice(sketch, {{x, random(shape, type, 0.1F, positive)}}, y, toleranceOf(type));
    }
  }

  struct Convolution {
    std::int64_t batch, channels, height, width, outputs, kernelY, kernelX, groups = 1, stride = 1, dilation = 1, pad = 0;
    bool bias = true;
  };

  /// A convolution and what may be fused into it.
  void compareConvolution(const Convolution& c, bool normalized, bool residual, const std::string& activation, DataType type, bool rounded = false) {
    SCOPED_TRACE(::testing::Message() << c.batch << "x" << c.channels << "x" << c.height << "x" << c.width << " -> " << c.outputs << ", kernel " << c.kernelY << "x" << c.kernelX
                                      << ", groups " << c.groups << ", stride " << c.stride << ", dilation " << c.dilation << ", pad " << c.pad << " " << name(type)
                                      << (normalized ? ", normalized" : "") << (residual ? ", residual" : "") << " " << activation << (rounded ? ", rounded" : ""));
    Sketch sketch;
    const ValueId x = sketch.input("x");
    const float size = 1 / std::sqrt(static_cast<float>(c.channels / c.groups * c.kernelY * c.kernelX));
    Tensor filter = randomTensor({c.outputs, c.channels / c.groups, c.kernelY, c.kernelX}, m_random);
    for (float& w : filter.writable<float>()) w *= size;
    std::vector<ValueId> inputs{x, sketch.weight("w", cast(filter, type))};
    if (c.bias) inputs.push_back(sketch.weight("b", random({c.outputs}, type)));
    Attributes attributes;
    attributes.set("group", c.groups);
    attributes.set("strides", std::vector<std::int64_t>{c.stride, c.stride});
    attributes.set("dilations", std::vector<std::int64_t>{c.dilation, c.dilation});
    attributes.set("pads", std::vector<std::int64_t>{c.pad, c.pad, c.pad + (c.stride > 1), c.pad});
    ValueId y = sketch.add("Conv", inputs, attributes);
    ValueMap given{{x, random({c.batch, c.channels, c.height, c.width}, type)}};
    if (normalized)
      y = sketch.add("BatchNormalization", {y, sketch.weight("s", random({c.outputs}, type)), sketch.weight("t", random({c.outputs}, type)), sketch.weight("m", random({c.outputs}, type)),
                                            sketch.weight("v", random({c.outputs}, type, 0.5F, true))});
    if (residual) {
      const std::vector<ValueId> list{y};
      const Shape shape = Executor(sketch.network, Context{}, referenceKernels()).run(given, list).at(y).shape();
      const ValueId other = sketch.input("r");
      given[other] = random(shape, type);
      y = sketch.add("Add", {y, other});
    }
    if (activation == "Clip") y = sketch.add("Clip", {y, sketch.weight("low", random({}, type)), ValueId{}});
    else if (!activation.empty()) y = sketch.add(activation, {y});
    Context context = onDevice();
    context.roundedProducts = rounded;
    compareOnDevice(sketch, given, y, rounded ? 3e-3 : 2 * toleranceOf(type), context);
  }

  std::mt19937 m_random{freshSeed()};
};

TEST_F(DeviceKernelTest, Convolutions) {
  const Convolution sizes[] = {{3, 3, 13, 11, 17, 3, 3, 1, 1, 1, 1}, {2, 16, 9, 7, 33, 1, 1},           {5, 24, 8, 8, 144, 1, 1, 1, 1, 1, 0, false}, {2, 12, 15, 17, 20, 3, 3, 1, 2, 1, 1},
                               {1, 32, 32, 32, 128, 3, 3, 1, 1, 1, 1}, {3, 5, 12, 12, 7, 5, 2, 1, 1, 2, 2}, {2, 8, 9, 9, 12, 3, 3, 4, 1, 1, 1},          {2, 24, 6, 6, 24, 3, 3, 3, 2, 1, 0},
                               {2, 3, 32, 32, 192, 4, 4, 1, 4},        {4, 160, 4, 4, 320, 1, 1},          {1, 64, 23, 19, 200, 1, 1, 1, 2}};
  for (const auto& size : sizes)
    for (const DataType type : kFloatTypes) compareConvolution(size, false, false, "", type);
}

TEST_F(DeviceKernelTest, DepthwiseConvolutions) {
  const Convolution sizes[] = {{3, 32, 13, 11, 32, 3, 3, 32, 1, 1, 1}, {2, 7, 9, 10, 7, 3, 3, 7, 1, 1, 1},   {2, 24, 14, 15, 24, 3, 3, 24, 2, 1, 1}, {1, 6, 8, 8, 12, 3, 3, 6, 1, 1, 1},
                               {2, 16, 12, 12, 16, 5, 5, 16, 1, 1, 2}, {2, 8, 16, 16, 8, 3, 3, 8, 1, 2, 2}, {1, 960, 4, 4, 960, 3, 3, 960, 1, 1, 1}, {2, 9, 17, 5, 9, 3, 2, 9, 3, 1, 1},
                               {2, 12, 7, 9, 12, 3, 3, 12, 1, 1, 1}, {3, 20, 7, 9, 20, 3, 3, 20, 2, 1, 1}};
  for (const auto& size : sizes)
    for (const DataType type : kFloatTypes) {
      compareConvolution(size, false, false, "", type);
      compareConvolution(size, true, true, "Clip", type);
    }
}

TEST_F(DeviceKernelTest, ConvolutionsWithWhatFollowsThem) {
  const Convolution sizes[] = {{3, 16, 9, 11, 24, 1, 1, 1, 1, 1, 0, false}, {2, 5, 10, 9, 37, 3, 3, 1, 1, 1, 1}, {3, 3, 8, 9, 24, 3, 3, 1, 2, 1, 1}, {2, 32, 8, 8, 130, 3, 3, 1, 2, 1, 1}};
  for (const auto& size : sizes)
    for (const DataType type : kFloatTypes)
      for (const char* activation : {"", "Relu", "Clip", "HardSwish", "Sigmoid", "Gelu", "LeakyRelu"}) {
        compareConvolution(size, true, false, activation, type);
        compareConvolution(size, between(0, 1) == 1, true, activation, type);
      }
}

TEST_F(DeviceKernelTest, RoundedProductsAreCloseAndExactOnesCloser) {
  compareConvolution({4, 64, 16, 16, 96, 3, 3, 1, 1, 1, 1}, true, true, "Relu", DataType::float32, true);
  compareConvolution({4, 63, 15, 16, 31, 1, 1}, false, false, "", DataType::float32, true);
}

TEST_F(DeviceKernelTest, MatrixProducts) {
  const std::pair<Shape, Shape> sizes[] = {{{7, 13}, {13, 5}},      {{128, 64}, {64, 128}},     {{3, 65, 192}, {192, 576}}, {{2, 3, 65, 64}, {2, 3, 64, 65}}, {{2, 3, 65, 65}, {2, 3, 65, 64}},
                                           {{4, 1, 9, 8}, {3, 8, 6}}, {{5, 17, 24}, {24, 40}}, {{1, 300}, {300, 1}},       {{2, 129, 32}, {2, 32, 257}},     {{6, 5, 16}, {16, 8}}};
  for (const auto& [left, right] : sizes)
    for (const DataType type : kFloatTypes) {
      SCOPED_TRACE(left.text() + " " + right.text() + " " + std::string(name(type)));
      Sketch sketch;
      const ValueId a = sketch.input("a"), b = sketch.input("b"), y = sketch.add("MatMul", {a, b});
      compareOnDevice(sketch, {{a, random(left, type)}, {b, random(right, type)}}, y, 2 * toleranceOf(type));
    }
}

TEST_F(DeviceKernelTest, MatrixProductsWithWhatFollowsThem) {
  for (const DataType type : kFloatTypes)
    for (const std::int64_t columns : {10, 37, 128}) {
      Sketch sketch;
      const ValueId a = sketch.input("a"), residual = sketch.input("r");
      const ValueId product = sketch.add("MatMul", {a, sketch.weight("w", random({48, columns}, type))});
      const ValueId biased = sketch.add("Add", {sketch.weight("b", random({columns}, type)), product});
      const ValueId y = sketch.add("Gelu", {sketch.add("Add", {biased, residual})});
      sketch.network.opsets[""] = 20;
      compareOnDevice(sketch, {{a, random({3, 19, 48}, type)}, {residual, random({3, 19, columns}, type)}}, y, 2 * toleranceOf(type));
    }
}

TEST_F(DeviceKernelTest, Gemm) {
  for (const DataType type : kFloatTypes)
    for (const bool turnA : {false, true})
      for (const bool turnB : {false, true})
        for (const std::int64_t columns : {10, 64}) {
          SCOPED_TRACE(::testing::Message() << name(type) << " " << turnA << turnB << " " << columns);
          Sketch sketch;
          const ValueId a = sketch.input("a");
          Attributes attributes;
          attributes.set("transA", std::int64_t(turnA));
          attributes.set("transB", std::int64_t(turnB));
          attributes.set("beta", 0.5F);
          const ValueId y = sketch.add("Gemm", {a, sketch.weight("w", random(turnB ? Shape{columns, 33} : Shape{33, columns}, type)), sketch.weight("c", random({columns}, type))}, attributes);
          compareOnDevice(sketch, {{a, random(turnA ? Shape{33, 21} : Shape{21, 33}, type)}}, sketch.add("Relu", {y}), 2 * toleranceOf(type));
        }
}

TEST_F(DeviceKernelTest, FunctionsOfOneNumber) {
  for (const char* op : {"Relu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "LeakyRelu", "Erf", "Exp", "Neg", "Abs", "Softplus", "Softsign", "Sin", "Cos", "Elu", "Sign"})
    compareOne(op, {3, 7, 11});
  for (const char* op : {"Log", "Sqrt", "Reciprocal"}) compareOne(op, {5, 13, 3}, {}, {}, true);
  compareOne("Gelu", {4, 9, 5}, {}, {}, false, 20);
  Attributes byTanh;
  byTanh.set("approximate", std::string("tanh"));
  compareOne("Gelu", {4, 9, 5}, byTanh, {}, false, 20);
  compareOne("Clip", {4, 9, 5}, {}, {Tensor::scalar<float>(-0.5F), Tensor::scalar<float>(0.75F)});
}

TEST_F(DeviceKernelTest, RoundingIsHalfToEven) {
  std::vector<float> values;
  for (int i = -41; i <= 41; ++i) values.push_back(static_cast<float>(i) / 2);
  for (const char* op : {"Round", "Floor", "Ceil"}) {
    Sketch sketch;
    const ValueId x = sketch.input("x"), y = sketch.add(op, {x});
    compareOnDevice(sketch, {{x, Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values)}}, y, 0);
  }
}

TEST_F(DeviceKernelTest, FunctionsOfTwoNumbersStretch) {
  const std::pair<Shape, Shape> sizes[] = {{{4, 5, 6}, {4, 5, 6}}, {{3, 7, 9}, {9}}, {{3, 7, 9}, {7, 1}}, {{2, 1, 5, 1}, {3, 1, 4}}, {{33, 17}, {}}, {{5, 1, 6}, {2, 5, 4, 6}}};
  for (const auto& [left, right] : sizes)
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "Pow"})
      for (const DataType type : kFloatTypes) {
        SCOPED_TRACE(std::string(op) + left.text() + right.text() + std::string(name(type)));
        Sketch sketch;
        const ValueId a = sketch.input("a"), b = sketch.input("b"), y = sketch.add(op, {a, b});
        compareOnDevice(sketch, {{a, random(left, type, 0.5F, true)}, {b, random(right, type, 0.5F, true)}}, y, 2 * toleranceOf(type));
      }
}

TEST_F(DeviceKernelTest, Reductions) {
  for (const char* op : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"}) {
    for (const std::vector<std::int64_t>& axes : std::vector<std::vector<std::int64_t>>{{2, 3}, {1}, {0, 2}, {-1}, {0, 1, 2, 3}, {1, 3}}) {
      Attributes attributes;
      attributes.set("keepdims", between(0, 1));
      std::vector<Tensor> others{wholes(axes)};
      compareOne(op, {3, 5, 9, 37}, attributes, others, false, 18);
    }
  }
}

TEST_F(DeviceKernelTest, ReductionsBehindAConvolution) {
  for (const std::vector<std::int64_t>& axes : std::vector<std::vector<std::int64_t>>{{2, 3}, {1}, {0, 2}, {1, 2, 3}}) {
    Sketch sketch;
    sketch.network.opsets[""] = 18;
    const ValueId x = sketch.input("x"), c = sketch.add("Conv", {x, sketch.weight("w", random({12, 5, 1, 1}))});
    const ValueId y = sketch.add("ReduceMean", {c, sketch.weight("axes", wholes(axes))});
    compareOnDevice(sketch, {{x, random({2, 5, 7, 9})}}, y, 2e-5);
  }
}

TEST_F(DeviceKernelTest, SoftmaxAndItsLogarithm) {
  for (const char* op : {"Softmax", "LogSoftmax"})
    for (const std::int64_t axis : {-1, 1, 0}) {
      Attributes attributes;
      attributes.set("axis", axis);
      compareOne(op, {3, 65, 65}, attributes);
      compareOne(op, {2, 5, 1025}, attributes);
      compareOne(op, {7, 10, 1}, attributes);
    }
}

TEST_F(DeviceKernelTest, Normalizations) {
  for (const std::int64_t size : {192, 7, 1000}) {
    compareOne("LayerNormalization", {3, 13, size}, {}, {random({size}), random({size})});
    compareOne("LayerNormalization", {3, 13, size}, {}, {random({size})});
    compareOne("RMSNormalization", {3, 13, size}, {}, {random({size})}, false, 23);
  }
  for (const Shape& shape : {Shape{3, 9, 5, 7}, Shape{4, 6}, Shape{2, 5, 11}})
    compareOne("BatchNormalization", shape, {}, {random({shape[1]}), random({shape[1]}), random({shape[1]}), random({shape[1]}, DataType::float32, 0.5F, true)});
}

TEST_F(DeviceKernelTest, Pooling) {
  for (const char* op : {"MaxPool", "AveragePool"})
    for (const std::int64_t pad : {0, 1})
      for (const std::int64_t ceil : {0, 1}) {
        Attributes attributes;
        attributes.set("kernel_shape", std::vector<std::int64_t>{3, 2});
        attributes.set("strides", std::vector<std::int64_t>{2, 2});
        attributes.set("pads", std::vector<std::int64_t>{pad, pad, pad, pad});
        attributes.set("ceil_mode", ceil);
        if (std::string(op) == "AveragePool") attributes.set("count_include_pad", between(0, 1));
        compareOne(op, {2, 5, 12, 11}, attributes);
      }
  compareOne("GlobalAveragePool", {3, 7, 5, 9});
  compareOne("GlobalMaxPool", {3, 7, 5, 9});
}

TEST_F(DeviceKernelTest, Movements) {
  for (const std::vector<std::int64_t>& order : std::vector<std::vector<std::int64_t>>{{2, 0, 3, 1}, {0, 1, 3, 2}, {3, 2, 1, 0}, {1, 0, 2, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}}) {
    Attributes attributes;
    attributes.set("perm", order);
    compareOne("Transpose", {3, 9, 17, 33}, attributes);
  }
  compareOne("Slice", {7, 9, 11}, {}, {wholes({1, -2}), wholes({6, -10}), wholes({0, 2}), wholes({2, -3})});
  compareOne("Expand", {3, 1, 17}, {}, {wholes({2, 3, 5, 17})});
  compareOne("Gather", {5, 7, 6}, {}, {wholes({3, -1, 0, 2})});
  Attributes second;
  second.set("axis", std::int64_t(1));
  compareOne("Gather", {5, 7, 6}, second, {wholes({6, 1})});
  compareOne("Gather", {5, 7, 6}, second, {Tensor::scalar<std::int64_t>(-2)});
  compareOne("Pad", {3, 5, 7}, {}, {wholes({1, 0, 2, 0, 3, -1}), Tensor::scalar<float>(1.5F)});
  compareOne("Reshape", {4, 6, 5}, {}, {wholes({2, -1, 5})});
  compareOne("Flatten", {4, 6, 5});
  compareOne("Identity", {4, 6, 5});
  compareOne("Unsqueeze", {4, 6, 5}, {}, {wholes({0, 2})});
}

TEST_F(DeviceKernelTest, ConcatAndSplit) {
  for (const DataType type : kFloatTypes) {
    Sketch sketch;
    const ValueId a = sketch.input("a"), b = sketch.input("b"), w = sketch.weight("w", random({3, 5, 4}, type));
    Attributes attributes;
    attributes.set("axis", std::int64_t(1));
    const ValueId joined = sketch.add("Concat", {a, w, b}, attributes);
    Operation split;
    split.type = "Split";
    split.inputs = {joined, sketch.weight("sizes", wholes({4, 1, 7}))};
    for (int i = 0; i < 3; ++i) {
      Value value;
      value.name = "part" + std::to_string(i);
      split.outputs.push_back(sketch.network.addValue(value));
    }
    split.attributes = attributes;
    sketch.network.addOperation(split);
    for (const ValueId part : split.outputs) compareOnDevice(sketch, {{a, random({3, 6, 4}, type)}, {b, random({3, 1, 4}, type)}}, part, 0);
  }
}

TEST_F(DeviceKernelTest, QuantizationToBytesAndBack) {
  for (const bool isSigned : {false, true})
    for (const bool perChannel : {false, true}) {
      Sketch sketch;
      const ValueId x = sketch.input("x");
      const std::int64_t count = perChannel ? 6 : 1;
      std::vector<float> scales;
      for (std::int64_t i = 0; i < count; ++i) scales.push_back(0.01F + 0.005F * static_cast<float>(i));
      const Shape shape = perChannel ? Shape{count} : Shape{};
      const ValueId scale = sketch.weight("s", Tensor::of<float>(shape, scales));
      std::vector<std::int64_t> points;
      for (std::int64_t i = 0; i < count; ++i) points.push_back(isSigned ? between(-20, 20) : between(100, 150));
      const ValueId zero = sketch.weight("z", cast(Tensor::of<std::int64_t>(shape, points), isSigned ? DataType::int8 : DataType::uint8));
      const ValueId codes = sketch.add("QuantizeLinear", {x, scale, zero}), y = sketch.add("DequantizeLinear", {codes, scale, zero});
      compareOnDevice(sketch, {{x, random({3, 6, 17})}}, y, 0);
    }
}

TEST_F(DeviceKernelTest, CastsBetweenFloats) {
  for (const DataType to : kFloatTypes) {
    Attributes attributes;
    attributes.set("to", std::int64_t(to));
    compareOne("Cast", {3, 7, 11}, attributes);
  }
}

TEST_F(DeviceKernelTest, RoundedActivationsAreThoseOfTheProcessor) {
  const Tensor x = random({3, 5, 7, 11});
  const float scale = 0.037F;
  const Tensor found = engines->rounded(engines->toDevice(0, x), {scale, -100, 155});
  const auto in = x.data<float>(), out = found.data<float>();
  for (std::size_t i = 0; i < in.size(); ++i) ASSERT_EQ(std::clamp(std::nearbyint(in[i] / scale), -100.0F, 155.0F) * scale, out[i]);
}

TEST_F(DeviceKernelTest, LayoutsComeBack) {
  for (const DataType type : {DataType::float32, DataType::float16, DataType::uint8}) {
    const Tensor x = cast(randomTensor({3, 37, 9, 5}, m_random), type);
    const Tensor last = engines->converted(engines->toDevice(0, x), Layout::channelsLast);
    expectEqualBytes(Tensor(type, x.shape(), toChannelsLast(x).storage()), Tensor(type, x.shape(), last.storage()));
    expectEqualBytes(x, engines->converted(last, Layout::plain));
  }
}

}  // namespace
