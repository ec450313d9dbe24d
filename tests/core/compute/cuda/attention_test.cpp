#include "tests/core/compute/cuda/kernel_support.h"

using namespace planish;
using namespace planish::testing;

namespace {

/// Attention in one operation and written out, against the reference kernels.
class DeviceAttentionTest : public KernelTest {
 protected:
  Tensor random(const Shape& shape, DataType type, float size = 1) {
    Tensor tensor = randomTensor(shape, m_random);
    for (float& x : tensor.writable<float>())
      x *= size;
    return cast(tensor, type);
  }
  /// What rounds a factor's type's shares of a softmax.
  static double tolerance(DataType type) {
    return type == DataType::float32 ? 2e-5 : type == DataType::float16 ? 5e-3 : 3e-2;
  }

  static Attributes list(const char* name, const std::vector<std::int64_t>& values) {
    Attributes attributes;
    attributes.set(name, values);
    return attributes;
  }
  static Attributes number(const char* name, std::int64_t value) {
    Attributes attributes;
    attributes.set(name, value);
    return attributes;
  }

  /// The network run once on the device with everything in poisoned memory, and how many steps were fused
  /// into another.
  void compareFused(const Sketch& sketch, const ValueMap& given, ValueId wanted, DataType type,
                    std::size_t fused) {
    const std::vector<ValueId> list{wanted};
    const Tensor expected =
        toFloat(Executor(sketch.network, Context{}, referenceKernels()).run(given, list).at(wanted));
    std::set<std::string> types{"Attention"};
    for (const auto& operation : sketch.network.operations())
      types.insert(operation.type);
    const KernelRegistry registry = poisonedDeviceKernels(types);
    Executor poisoned(sketch.network, onDevice(), registry);
    expectClose(expected, toFloat(poisoned.run(given, list).at(wanted)), tolerance(type));
    std::size_t parts = 0;
    for (const auto& line : poisoned.explain())
      parts += line.find("part of") != std::string::npos;
    EXPECT_EQ(parts, fused) << (poisoned.explain().empty() ? "" : poisoned.explain().back());
    Executor device(sketch.network, onDevice());
    const Tensor first = device.run(given, list).at(wanted), second = device.run(given, list).at(wanted);
    expectClose(expected, toFloat(first), tolerance(type));
    expectEqualBytes(first, second);
  }

  std::mt19937 m_random{freshSeed()};
};

TEST_F(DeviceAttentionTest, OneOperation) {
  struct Case {
    std::int64_t batch, heads, groups, queries, keys, width, valueWidth;
    std::int64_t causal = 0, left = -1, right = -1;
    float cap = 0;
    int mask = 0;  ///< 1: added, for all; 2: added, for each head and shorter than the keys; 3: booleans
    bool flat = false;
  };
  const Case cases[] = {{2, 3, 3, 65, 65, 64, 64},
                        {1, 2, 2, 1, 1, 7, 5},
                        {2, 4, 2, 33, 70, 16, 24, 1},
                        {1, 6, 2, 129, 129, 64, 64, 1, 40},
                        {1, 2, 1, 200, 131, 128, 128, 0, 17, 5},
                        {3, 2, 2, 17, 19, 31, 33, 0, -1, -1, 0, 1},
                        {2, 2, 1, 80, 66, 40, 48, 0, -1, -1, 0, 2, true},
                        {1, 8, 4, 64, 64, 96, 96, 1, -1, -1, 0, 3, true},
                        {2, 1, 1, 90, 150, 32, 32, 0, -1, -1, 2.5F},
                        {1, 4, 1, 300, 300, 80, 80, 1, 64, -1, 30, 0, true}};
  for (const auto& c : cases)
    for (const DataType type : kFloatTypes) {
      SCOPED_TRACE(::testing::Message() << c.batch << "x" << c.heads << "/" << c.groups << " " << c.queries
                                        << "x" << c.keys << " widths " << c.width << ", " << c.valueWidth
                                        << " causal " << c.causal << " window " << c.left << ", " << c.right
                                        << " cap " << c.cap << " mask " << c.mask << " " << name(type));
      Sketch sketch;
      sketch.network.opsets[""] = 24;
      const ValueId q = sketch.input("q"), k = sketch.input("k"), v = sketch.input("v");
      Attributes attributes;
      attributes.set("is_causal", c.causal);
      attributes.set("left_window_size", c.left);
      attributes.set("right_window_size", c.right);
      attributes.set("softcap", c.cap);
      if (c.flat) attributes.set("q_num_heads", c.heads), attributes.set("kv_num_heads", c.groups);
      const auto shape = [&](std::int64_t heads, std::int64_t length, std::int64_t width) {
        return c.flat ? Shape{c.batch, length, heads * width} : Shape{c.batch, heads, length, width};
      };
      ValueMap given{{q, random(shape(c.heads, c.queries, c.width), type)},
                     {k, random(shape(c.groups, c.keys, c.width), type)},
                     {v, random(shape(c.groups, c.keys, c.valueWidth), type)}};
      std::vector<ValueId> inputs{q, k, v};
      if (c.mask) {
        const ValueId mask = sketch.input("mask");
        inputs.push_back(mask);
        if (c.mask == 3) {
          Tensor allowed(DataType::boolean, {c.queries, c.keys});
          for (auto& byte : allowed.writableBytes())
            byte = std::byte{static_cast<unsigned char>(m_random() % 4 != 0)};
          given[mask] = allowed;
        } else {
          given[mask] =
              random(c.mask == 1 ? Shape{c.queries, c.keys} : Shape{c.heads, c.queries, c.keys - 3}, type);
        }
      }
      const ValueId y = sketch.add("Attention", inputs, attributes);
      compareOnDevice(sketch, given, y, tolerance(type));
    }
}

TEST_F(DeviceAttentionTest, RowsWithEveryKeyMaskedBecomeZeros) {
  for (const DataType type : kFloatTypes) {
    Sketch sketch;
    sketch.network.opsets[""] = 24;
    const ValueId q = sketch.input("q"), k = sketch.input("k"), v = sketch.input("v"),
                  mask = sketch.input("mask");
    const ValueId y = sketch.add("Attention", {q, k, v, mask});
    Tensor allowed(DataType::boolean, {70, 80});
    for (std::size_t i = 0; i < allowed.writableBytes().size(); ++i)
      allowed.writableBytes()[i] = std::byte{static_cast<unsigned char>(i / 80 % 3 == 1 ? 0 : i % 80 > 66)};
    compareOnDevice(sketch,
                    {{q, random({1, 2, 70, 64}, type)},
                     {k, random({1, 2, 80, 64}, type)},
                     {v, random({1, 2, 80, 64}, type)},
                     {mask, allowed}},
                    y, tolerance(type));
  }
}

/// As exported from a transformer of pictures: one product for all three factors, cut by Transpose and Split.
TEST_F(DeviceAttentionTest, WrittenOutWithOneProductForAll) {
  for (const DataType type : kFloatTypes)
    for (const auto& [batch, length, heads, width] :
         {std::array<std::int64_t, 4>{2, 65, 3, 64}, {3, 17, 2, 5}, {1, 130, 1, 32}}) {
      SCOPED_TRACE(::testing::Message()
                   << batch << " x " << length << " x " << heads << " x " << width << " " << name(type));
      Sketch sketch;
      const ValueId packed = sketch.input("packed");
      const ValueId five = sketch.add(
          "Reshape",
          {packed, sketch.weight("five", Tensor::of<std::int64_t>({5}, {batch, length, 3, heads, width}))});
      const ValueId turned = sketch.add("Transpose", {five}, list("perm", {2, 0, 3, 1, 4}));
      const ValueId q =
          sketch.add("Split", {turned, sketch.weight("sizes", Tensor::of<std::int64_t>({3}, {1, 1, 1}))},
                     number("axis", 0));
      Operation& split =
          sketch.network.operation(Connections(sketch.network).producer[static_cast<std::size_t>(q.index)]);
      std::vector<ValueId> parts{q};
      for (const char* part : {"k", "v"}) {
        Value value;
        value.name = part;
        parts.push_back(sketch.network.addValue(value));
        split.outputs.push_back(parts.back());
      }
      const ValueId zero = sketch.weight("zero", Tensor::of<std::int64_t>({1}, {0}));
      for (ValueId& part : parts)
        part = sketch.add("Squeeze", {part, zero});
      const ValueId scores =
          sketch.add("MatMul", {parts[0], sketch.add("Transpose", {parts[1]}, list("perm", {0, 1, 3, 2}))});
      const ValueId scaled = sketch.add(
          "Mul", {scores,
                  sketch.weight(
                      "scale", cast(Tensor::scalar<float>(1 / std::sqrt(static_cast<float>(width))), type))});
      const ValueId result =
          sketch.add("MatMul", {sketch.add("Softmax", {scaled}, number("axis", -1)), parts[2]});
      const ValueId back = sketch.add("Transpose", {result}, list("perm", {0, 2, 1, 3}));
      const ValueId y = sketch.add(
          "Reshape",
          {back, sketch.weight("three", Tensor::of<std::int64_t>({3}, {batch, length, heads * width}))});
      compareFused(sketch, {{packed, random({batch, length, 3 * heads * width}, type)}}, y, type, 12);
    }
}

/// As exported from a language model: three factors, a scale on each of two, a mask, a number that divides.
TEST_F(DeviceAttentionTest, WrittenOutWithThreeFactorsAndAMask) {
  for (const DataType type : kFloatTypes)
    for (const bool seen : {false, true}) {
      SCOPED_TRACE(::testing::Message() << name(type) << (seen ? ", keys seen elsewhere" : ""));
      const std::int64_t batch = 2, length = 37, heads = 4, width = 24;
      Sketch sketch;
      const ValueId four =
          sketch.weight("four", Tensor::of<std::int64_t>({4}, {batch, length, heads, width}));
      std::vector<ValueId> inputs, factors;
      ValueMap given;
      for (const char* what : {"q", "k", "v"}) {
        inputs.push_back(sketch.input(what));
        given[inputs.back()] = random({batch, length, heads * width}, type);
        factors.push_back(sketch.add("Transpose", {sketch.add("Reshape", {inputs.back(), four})},
                                     list("perm", {0, 2, 1, 3})));
      }
      const ValueId root = sketch.weight(
          "root", cast(Tensor::scalar<float>(std::pow(static_cast<float>(width), -0.25F)), type));
      const ValueId q = sketch.add("Mul", {factors[0], root}),
                    k = sketch.add("Mul",
                                   {sketch.add("Transpose", {factors[1]}, list("perm", {0, 1, 3, 2})), root});
      const ValueId mask = sketch.input("mask");
      given[mask] = random({batch, 1, length, length}, type, 2);
      const ValueId halved = sketch.add(
          "Div", {sketch.add("MatMul", {q, k}), sketch.weight("two", cast(Tensor::scalar<float>(2), type))});
      const ValueId shares = sketch.add("Softmax", {sketch.add("Add", {mask, halved})}, number("axis", 3));
      ValueId y = sketch.add(
          "Reshape",
          {sketch.add("Transpose", {sketch.add("MatMul", {shares, factors[2]})}, list("perm", {0, 2, 1, 3})),
           sketch.weight("three", Tensor::of<std::int64_t>({3}, {batch, length, heads * width}))});
      if (seen)
        y = sketch.add("Add",
                       {y, sketch.add("ReduceMax", {factors[1]},
                                      number("keepdims", 0))});  // of what stays to be made, one number
      compareFused(sketch, given, y, type, seen ? 13 : 15);
    }
}

}  // namespace
