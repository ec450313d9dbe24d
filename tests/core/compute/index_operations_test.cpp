#include "tests/core/compute/small_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace planish {
namespace {

using testing::SmallNetwork;
using Whole = std::vector<std::int64_t>;

Tensor whole(const Whole& values) { return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values); }
Tensor counted(Shape shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.count()));
  std::iota(values.begin(), values.end(), 0.f);
  return Tensor::of<float>(std::move(shape), values);
}
std::vector<float> floats(const Tensor& tensor) { return {tensor.data<float>().begin(), tensor.data<float>().end()}; }
std::int64_t n(std::int64_t value) { return value; }

TEST(ShapeViews, ReshapeCopiesAndCompletesDimensions) {
  const Tensor x = counted({2, 3, 4});
  EXPECT_EQ(SmallNetwork("Reshape", {x, whole({0, -1})}).run()[0].shape(), (Shape{2, 12}));
  EXPECT_EQ(SmallNetwork("Reshape", {counted({0, 3}), whole({3, 0})}, {{"allowzero", n(1)}}).run()[0].shape(), (Shape{3, 0}));
  EXPECT_EQ(SmallNetwork("Flatten", {x}, {{"axis", n(2)}}).run()[0].shape(), (Shape{6, 4}));
  EXPECT_EQ(toIntegers(SmallNetwork("Shape", {x}, {{"start", n(-2)}}).run()[0]), (Whole{3, 4}));
  EXPECT_EQ(SmallNetwork("Squeeze", {counted({1, 3, 1})}, {{"axes", Whole{-1}}}, 11).run()[0].shape(), (Shape{1, 3}));
  EXPECT_EQ(SmallNetwork("Unsqueeze", {counted({3}), whole({0, 2})}).run()[0].shape(), (Shape{1, 3, 1}));
}

TEST(Movement, TransposeAndSliceReadInStrides) {
  EXPECT_EQ(floats(SmallNetwork("Transpose", {counted({2, 3})}).run()[0]), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(floats(SmallNetwork("Slice", {counted({5}), whole({-1}), whole({INT64_MIN}), whole({0}), whole({-2})}).run()[0]), (std::vector<float>{4, 2, 0}));
  EXPECT_EQ(floats(SmallNetwork("Slice", {counted({2, 4})}, {{"starts", Whole{1}}, {"ends", Whole{1000}}, {"axes", Whole{1}}}, 9).run()[0]),
            (std::vector<float>{1, 2, 3, 5, 6, 7}));
  EXPECT_EQ(SmallNetwork("Slice", {counted({5}), whole({3}), whole({1})}).run()[0].shape(), (Shape{0}));
}

TEST(Movement, SplitsAndJoins) {
  const SmallNetwork split("Split", {counted({2, 5})}, {{"axis", n(1)}, {"num_outputs", n(2)}}, 18, 2);
  const auto parts = split.run();
  EXPECT_EQ(parts[0].shape(), (Shape{2, 3}));
  EXPECT_EQ(floats(parts[1]), (std::vector<float>{3, 4, 8, 9}));
  EXPECT_EQ(floats(SmallNetwork("Concat", {parts[0], parts[1]}, {{"axis", n(-1)}}).run()[0]), floats(counted({2, 5})));
}

TEST(Movement, PadsInEveryMode) {
  const auto pad = [](const char* mode, const Whole& pads) {
    return floats(SmallNetwork("Pad", {counted({3}), whole(pads), Tensor::scalar(9.f)}, {{"mode", std::string(mode)}}).run()[0]);
  };
  EXPECT_EQ(pad("constant", {2, 1}), (std::vector<float>{9, 9, 0, 1, 2, 9}));
  EXPECT_EQ(pad("constant", {-1, 1}), (std::vector<float>{1, 2, 9}));
  EXPECT_EQ(pad("reflect", {3, 5}), (std::vector<float>{1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1}));
  EXPECT_EQ(pad("edge", {2, 1}), (std::vector<float>{0, 0, 0, 1, 2, 2}));
  EXPECT_EQ(pad("wrap", {2, 4}), (std::vector<float>{1, 2, 0, 1, 2, 0, 1, 2, 0}));
}

TEST(Movement, BlocksMoveBetweenDepthAndSpaceAndBack) {
  const Tensor x = counted({1, 8, 2, 3});
  const Tensor wide = SmallNetwork("DepthToSpace", {x}, {{"blocksize", n(2)}}).run()[0];
  EXPECT_EQ(wide.shape(), (Shape{1, 2, 4, 6}));
  EXPECT_EQ(floats(SmallNetwork("SpaceToDepth", {wide}, {{"blocksize", n(2)}}).run()[0]), floats(x));
}

TEST(Gather, IndicesCountFromEitherEnd) {
  EXPECT_EQ(floats(SmallNetwork("Gather", {counted({3, 2}), whole({-1, 0})}).run()[0]), (std::vector<float>{4, 5, 0, 1}));
  EXPECT_THROW(SmallNetwork("Gather", {counted({3, 2}), whole({3})}).run(), Error);
  EXPECT_THROW(SmallNetwork("GatherElements", {counted({3}), whole({-4})}).run(), Error);
  EXPECT_THROW(SmallNetwork("GatherND", {counted({3}), Tensor::of<std::int64_t>({1, 1}, {INT64_MAX})}).run(), Error);
}

TEST(Gather, ScatterJoinsRepeatedIndices) {
  const SmallNetwork add("ScatterElements", {counted({3}), whole({1, 1}), Tensor::of<float>({2}, {10, 20})}, {{"reduction", std::string("add")}});
  EXPECT_EQ(floats(add.run()[0]), (std::vector<float>{0, 31, 2}));
  const SmallNetwork rows("ScatterND", {counted({2, 2}), Tensor::of<std::int64_t>({1, 1}, {1}), Tensor::of<float>({1, 2}, {7, 8})});
  EXPECT_EQ(floats(rows.run()[0]), (std::vector<float>{0, 1, 7, 8}));
}

TEST(Reduce, TakesAxesWhereTheOpsetHasThem) {
  const Tensor x = counted({2, 3});
  EXPECT_EQ(floats(SmallNetwork("ReduceMean", {x}, {{"axes", Whole{1}}, {"keepdims", n(0)}}, 13).run()[0]), (std::vector<float>{1, 4}));
  EXPECT_EQ(floats(SmallNetwork("ReduceMean", {x, whole({-2})}, {}, 18).run()[0]), (std::vector<float>{1.5f, 2.5f, 3.5f}));
  EXPECT_EQ(floats(SmallNetwork("ReduceSum", {x}, {{"noop_with_empty_axes", n(1)}}).run()[0]), floats(x));
  EXPECT_EQ(floats(SmallNetwork("ReduceProd", {counted({0})}).run()[0]), (std::vector<float>{1}));
  EXPECT_EQ(floats(SmallNetwork("ReduceMax", {counted({0})}).run()[0]), (std::vector<float>{-INFINITY}));
}

TEST(Reduce, SoftmaxNormalisesOneAxisOrAllFromIt) {
  const auto sum = [](const std::vector<float>& values, std::size_t from, std::size_t count) { return std::accumulate(values.begin() + from, values.begin() + from + count, 0.f); };
  const auto recent = floats(SmallNetwork("Softmax", {counted({2, 2, 2})}).run()[0]);
  EXPECT_NEAR(sum(recent, 0, 2), 1, 1e-6);
  const auto old = floats(SmallNetwork("Softmax", {counted({2, 2, 2})}, {}, 11).run()[0]);
  EXPECT_NEAR(sum(old, 0, 4), 1, 1e-6);
}

TEST(Reduce, TopKPrefersTheLowerIndexAmongEquals) {
  const auto best = SmallNetwork("TopK", {Tensor::of<float>({4}, {1, 3, 3, 2}), whole({3})}, {}, 11, 2).run();
  EXPECT_EQ(floats(best[0]), (std::vector<float>{3, 3, 2}));
  EXPECT_EQ(toIntegers(best[1]), (Whole{1, 2, 3}));
}

TEST(Generators, KernelsDecideShapesThatValuesTell) {
  const auto found = SmallNetwork("NonZero", {Tensor::of<float>({2, 2}, {0, 1, 1, 0})}).run()[0];
  EXPECT_EQ(found.shape(), (Shape{2, 2}));
  EXPECT_EQ(toIntegers(found), (Whole{0, 1, 1, 0}));
  const auto unique = SmallNetwork("Unique", {Tensor::of<float>({4}, {2, 1, 2, 3})}, {{"sorted", n(0)}}, 11, 4).run();
  EXPECT_EQ(floats(unique[0]), (std::vector<float>{2, 1, 3}));
  EXPECT_EQ(toIntegers(unique[2]), (Whole{0, 1, 0, 2}));
  EXPECT_EQ(toIntegers(SmallNetwork("Range", {Tensor::scalar<std::int64_t>(5), Tensor::scalar<std::int64_t>(0), Tensor::scalar<std::int64_t>(-2)}).run()[0]), (Whole{5, 3, 1}));
}

struct Hostile {
  const char* type;
  std::vector<Tensor> inputs;
  std::vector<std::pair<std::string, Attribute>> attributes;
  std::int64_t opset = 22;
};

TEST(Hostile, O16_EveryNonsensicalArgumentIsAnError) {
  const Tensor x = counted({2, 3});
  const std::int64_t huge = std::int64_t(1) << 62;
  const std::vector<Hostile> calls = {
      {"Concat", {x, x}, {{"axis", n(99)}}},
      {"Concat", {x, counted({2, 3, 1})}, {{"axis", n(0)}}},
      {"Transpose", {x}, {{"perm", Whole{1, 1}}}},
      {"Transpose", {x}, {{"perm", Whole{5, 5}}}},
      {"Transpose", {x}, {{"perm", Whole{0}}}},
      {"Reshape", {x, whole({-2, 3})}, {}},
      {"Reshape", {x, whole({-1, -1})}, {}},
      {"Reshape", {x, whole({-1, 0, 4})}, {}},
      {"Reshape", {x, whole({0, 0, 0})}, {}},
      {"Reshape", {x, whole({huge, huge})}, {}},
      {"Reshape", {x}, {}},
      {"Flatten", {x}, {{"axis", n(3)}}},
      {"Squeeze", {x, whole({0})}, {}},
      {"Unsqueeze", {x, whole({0, 0})}, {}},
      {"Unsqueeze", {x, whole({7})}, {}},
      {"Slice", {x, whole({0}), whole({1}), whole({0}), whole({0})}, {}},
      {"Slice", {x, whole({0, 0}), whole({1})}, {}},
      {"Slice", {x, whole({0, 0}), whole({1, 1}), whole({0, 0})}, {}},
      {"Split", {x, whole({-1, 4})}, {}},
      {"Split", {x, whole({1, 1})}, {}},
      {"Pad", {x, whole({1})}, {}},
      {"Pad", {x, whole({-5, 0, 0, 0})}, {}},
      {"Pad", {x, whole({INT64_MAX, 0, INT64_MAX, 0})}, {}},
      {"Pad", {counted({0}), whole({1, 1})}, {{"mode", std::string("reflect")}}},
      {"Tile", {x, whole({-1, 1})}, {}},
      {"Tile", {x, whole({huge, huge})}, {}},
      {"Expand", {x, whole({4, 3})}, {}},
      {"Expand", {x, whole({-1, 2, 3})}, {}},
      {"Expand", {Tensor::scalar(1.f), whole({huge, huge})}, {}},
      {"DepthToSpace", {counted({1, 4, 2, 2})}, {{"blocksize", n(0)}}},
      {"DepthToSpace", {counted({1, 3, 2, 2})}, {{"blocksize", n(2)}}},
      {"SpaceToDepth", {counted({1, 3, 3, 2})}, {{"blocksize", n(2)}}},
      {"ReverseSequence", {x, whole({9, 9, 9})}, {}},
      {"Gather", {x, whole({0})}, {{"axis", n(2)}}},
      {"Gather", {x, Tensor::of<float>({1}, {0})}, {}},
      {"GatherND", {x, Tensor::of<std::int64_t>({1, 3}, {0, 0, 0})}, {}},
      {"GatherND", {x, Tensor::of<std::int64_t>({2, 1}, {0, 0})}, {{"batch_dims", n(2)}}},
      {"GatherND", {x, Tensor::of<std::int64_t>({2, 1}, {0, 0})}, {{"batch_dims", n(-1)}}},
      {"ScatterElements", {x, whole({0}), counted({1})}, {}},
      {"ScatterElements", {counted({3}), whole({5}), counted({1})}, {}},
      {"ScatterND", {x, Tensor::of<std::int64_t>({1, 1}, {0}), counted({1, 2})}, {}},
      {"ScatterND", {x, Tensor::of<std::int64_t>({1, 1}, {2}), counted({1, 3})}, {}},
      {"ReduceSum", {x, whole({2})}, {}},
      {"ReduceSum", {x, whole({0, 0})}, {}},
      {"ArgMax", {counted({0})}, {}},
      {"Softmax", {x}, {{"axis", n(2)}}},
      {"TopK", {x, whole({4})}, {}},
      {"TopK", {x, whole({-1})}, {}},
      {"CumSum", {x, whole({2})}, {}},
      {"Range", {Tensor::scalar<std::int64_t>(0), Tensor::scalar<std::int64_t>(1), Tensor::scalar<std::int64_t>(0)}, {}},
      {"Range", {Tensor::scalar(0.f), Tensor::scalar(1.f), Tensor::scalar(0.f)}, {}},
      {"Range", {Tensor::scalar<std::int64_t>(INT64_MIN), Tensor::scalar<std::int64_t>(INT64_MAX), Tensor::scalar<std::int64_t>(1)}, {}},
      {"ConstantOfShape", {whole({-1})}, {}},
      {"ConstantOfShape", {whole({huge, 4})}, {}},
      {"OneHot", {whole({0}), Tensor::scalar<std::int64_t>(-1), Tensor::of<float>({2}, {0, 1})}, {}},
      {"EyeLike", {counted({2})}, {}},
      {"Trilu", {counted({2})}, {}},
      {"Constant", {}, {}},
      {"Cast", {x}, {{"to", n(99)}}},
      {"Cast", {x}, {}},
      {"Add", {x, counted({2})}, {}},
      {"Add", {x, whole({1, 2, 3})}, {}},
      {"Add", {x}, {}},
      {"Not", {x}, {}},
      {"BitShift", {whole({1}), whole({1})}, {}},
      {"PRelu", {x, counted({2, 1, 1})}, {}},
      {"Where", {x, x, x}, {}},
      {"Clip", {x, counted({2})}, {}},
      {"Gelu", {x}, {{"approximate", std::string("cube")}}},
      {"Compress", {x, Tensor::of<bool>({9}, std::vector<bool>(9, true))}, {{"axis", n(0)}}},
      {"Add", {x, counted({3})}, {{"broadcast", n(1)}, {"axis", n(5)}}, 6},
  };
  for (const auto& call : calls) {
    try {
      SmallNetwork(call.type, call.inputs, call.attributes, call.opset).run();
      ADD_FAILURE() << call.type << " took nonsense";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << call.type << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace planish
