#include "tests/core/compute/small_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace planish {
namespace {

using testing::SmallNetwork;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

template <typename T>
std::vector<T> numbers(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

std::vector<float> unary(const std::string& type, std::vector<float> x, std::vector<std::pair<std::string, Attribute>> attributes = {}) {
  const auto n = static_cast<std::int64_t>(x.size());
  return numbers<float>(SmallNetwork(type, {Tensor::of<float>({n}, x)}, std::move(attributes)).run()[0]);
}

TEST(Unary, FunctionsOfOneNumber) {
  EXPECT_EQ(unary("Round", {0.5f, 1.5f, 2.5f, -0.5f, -1.5f}), (std::vector<float>{0, 2, 2, -0.f, -2}));
  EXPECT_EQ(unary("Relu", {-1, 0, 2}), (std::vector<float>{0, 0, 2}));
  EXPECT_EQ(unary("Sign", {-3, 0, 4}), (std::vector<float>{-1, 0, 1}));
  EXPECT_EQ(unary("LeakyRelu", {-2, 2}, {{"alpha", 0.5f}}), (std::vector<float>{-1, 2}));
  EXPECT_EQ(unary("HardSwish", {-4, 0, 3, 4}), (std::vector<float>{-0.f, 0, 3, 4}));
  EXPECT_EQ(unary("Shrink", {-2, 0.5f, 2}, {{"lambd", 1.f}, {"bias", 0.5f}}), (std::vector<float>{-1.5f, 0, 1.5f}));
  EXPECT_FLOAT_EQ(unary("Erf", {1})[0], 0.8427008f);
  EXPECT_FLOAT_EQ(unary("Gelu", {1})[0], 0.8413447f);
  EXPECT_FLOAT_EQ(unary("Gelu", {1}, {{"approximate", std::string("tanh")}})[0], 0.841192f);
}

TEST(Unary, ExtremesDoNotOverflow) {
  EXPECT_EQ(unary("Sigmoid", {-1000, 0, 1000}), (std::vector<float>{0, 0.5f, 1}));
  EXPECT_EQ(unary("Softplus", {1000})[0], 1000);
  EXPECT_EQ(unary("Softplus", {-1000})[0], 0);
  EXPECT_TRUE(std::isnan(unary("Relu", {kNan})[0]));
}

TEST(Unary, WholeNumbersStayWhole) {
  const auto abs = SmallNetwork("Abs", {Tensor::of<std::int64_t>({2}, {-9007199254740993, 5})}).run()[0];
  EXPECT_EQ(numbers<std::int64_t>(abs), (std::vector<std::int64_t>{9007199254740993, 5}));
  const auto bits = SmallNetwork("BitwiseNot", {Tensor::of<std::uint8_t>({2}, {0, 0x0F})}).run()[0];
  EXPECT_EQ(numbers<std::uint8_t>(bits), (std::vector<std::uint8_t>{255, 0xF0}));
}

TEST(Unary, ClipTakesItsLimitsWhereTheOpsetHasThem) {
  const Tensor x = Tensor::of<float>({4}, {-2, 0, 3, 9});
  EXPECT_EQ(numbers<float>(SmallNetwork("Clip", {x}, {{"min", 0.f}, {"max", 6.f}}, 6).run()[0]), (std::vector<float>{0, 0, 3, 6}));
  EXPECT_EQ(numbers<float>(SmallNetwork("Clip", {x, Tensor(), Tensor::scalar(6.f)}).run()[0]), (std::vector<float>{-2, 0, 3, 6}));
}

TEST(Cast, FollowsTheTypes) {
  const auto cast = [](const Tensor& x, DataType to) { return SmallNetwork("Cast", {x}, {{"to", std::int64_t(to)}}).run()[0]; };
  EXPECT_EQ(numbers<std::int32_t>(cast(Tensor::of<float>({3}, {-1.9f, 1.9f, 3}), DataType::int32)), (std::vector<std::int32_t>{-1, 1, 3}));
  EXPECT_EQ(numbers<bool>(cast(Tensor::of<float>({3}, {0, 0.5f, kNan}), DataType::boolean)), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(numbers<std::uint8_t>(cast(Tensor::of<std::int32_t>({2}, {257, -1}), DataType::uint8)), (std::vector<std::uint8_t>{1, 255}));
  const Tensor half = cast(Tensor::of<float>({1}, {65520.f}), DataType::float16);
  EXPECT_EQ(numbers<float>(cast(half, DataType::float32))[0], kInfinity);
}

TEST(Binary, OperandsStretchToEachOther) {
  const Tensor a = Tensor::of<float>({2, 1}, {1, 2}), b = Tensor::of<float>({3}, {10, 20, 30});
  const Tensor sum = SmallNetwork("Add", {a, b}).run()[0];
  EXPECT_EQ(sum.shape(), (Shape{2, 3}));
  EXPECT_EQ(numbers<float>(sum), (std::vector<float>{11, 21, 31, 12, 22, 32}));
  EXPECT_EQ(numbers<bool>(SmallNetwork("Less", {b, Tensor::scalar(20.f)}).run()[0]), (std::vector<bool>{true, false, false}));
}

TEST(Binary, OldOpsetsAlignTheSecondOperandAtAnAxis) {
  const Tensor a = Tensor::of<float>({2, 2}, {1, 2, 3, 4}), b = Tensor::of<float>({2}, {10, 20});
  EXPECT_EQ(numbers<float>(SmallNetwork("Add", {a, b}, {{"broadcast", std::int64_t(1)}, {"axis", std::int64_t(0)}}, 6).run()[0]),
            (std::vector<float>{11, 12, 23, 24}));
}

TEST(Binary, WholeDivisionTruncatesAndRefusesZero) {
  const Tensor a = Tensor::of<std::int64_t>({2}, {-7, std::numeric_limits<std::int64_t>::min()}), b = Tensor::of<std::int64_t>({2}, {2, -1});
  EXPECT_EQ(numbers<std::int64_t>(SmallNetwork("Div", {a, b}).run()[0]), (std::vector<std::int64_t>{-3, std::numeric_limits<std::int64_t>::min()}));
  EXPECT_EQ(numbers<std::int64_t>(SmallNetwork("Mod", {a, b}).run()[0]), (std::vector<std::int64_t>{1, 0}));
  for (const char* type : {"Div", "Mod"}) EXPECT_THROW(SmallNetwork(type, {a, Tensor::scalar<std::int64_t>(0)}).run(), Error);
}

TEST(Binary, PowersOfWholeNumbersAreExact) {
  const Tensor a = Tensor::of<std::int64_t>({2}, {3, -1}), b = Tensor::of<std::int64_t>({2}, {39, -3});
  EXPECT_EQ(numbers<std::int64_t>(SmallNetwork("Pow", {a, b}).run()[0]), (std::vector<std::int64_t>{4052555153018976267, -1}));
  EXPECT_THROW(SmallNetwork("Pow", {Tensor::scalar<std::int64_t>(0), Tensor::scalar<std::int64_t>(-1)}).run(), Error);
}

TEST(Binary, ShiftsBeyondTheWidthLeaveNothing) {
  const auto shift = [](const char* direction, std::uint8_t by) {
    return numbers<std::uint8_t>(SmallNetwork("BitShift", {Tensor::scalar<std::uint8_t>(0x81), Tensor::scalar(by)}, {{"direction", std::string(direction)}}).run()[0])[0];
  };
  EXPECT_EQ(shift("LEFT", 1), 2);
  EXPECT_EQ(shift("RIGHT", 7), 1);
  EXPECT_EQ(shift("LEFT", 8), 0);
  EXPECT_EQ(shift("RIGHT", 200), 0);
}

TEST(Variadic, FoldsAllItsInputs) {
  const Tensor a = Tensor::of<float>({2}, {1, kNan}), b = Tensor::of<float>({1}, {4}), c = Tensor::scalar(-2.f);
  const auto largest = numbers<float>(SmallNetwork("Max", {a, b, c}).run()[0]);
  EXPECT_EQ(largest[0], 4);
  EXPECT_TRUE(std::isnan(largest[1]));
  EXPECT_EQ(numbers<float>(SmallNetwork("Mean", {a, b, c}).run()[0])[0], 1);
}

TEST(Where, ChoosesTextAndPackedNumbersToo) {
  const Tensor condition = Tensor::of<bool>({2}, {true, false});
  const Tensor text = SmallNetwork("Where", {condition, Tensor::ofStrings({}, {"yes"}), Tensor::ofStrings({}, {"no"})}).run()[0];
  EXPECT_EQ(text.strings(), (std::vector<std::string>{"yes", "no"}));
  const Tensor four = SmallNetwork("Where", {condition, cast(Tensor::scalar<std::int32_t>(-3), DataType::int4), cast(Tensor::scalar<std::int32_t>(5), DataType::int4)}).run()[0];
  EXPECT_EQ(toIntegers(four), (std::vector<std::int64_t>{-3, 5}));
}

}  // namespace
}  // namespace planish
