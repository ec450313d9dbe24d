#include "core/data/preprocessing.h"
#include "core/data/resample.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

std::string problem(const std::string& json) {
  try {
    Preprocessing::fromJson(json);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return {};
}

std::vector<float> values(const Tensor& tensor) {
  const auto data = tensor.data<float>();
  return {data.begin(), data.end()};
}

TEST(Preprocessing, JsonRoundTrip) {
  const std::string text = R"({"layout":"nhwc","channels":"bgr","scale":0.00392156862745098,"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],)"
                           R"("resize":256,"crop":[224,224],"inputs":{"image":"x"}})";
  const auto how = Preprocessing::fromJson(text);
  EXPECT_EQ(how.scale, 1.0 / 255);
  EXPECT_EQ(how.resize, std::vector<std::int64_t>{256});
  EXPECT_EQ(how.toJson(), text);
  EXPECT_EQ(Preprocessing::fromJson(how.toJson()), how);
  EXPECT_TRUE(Preprocessing::fromJson("{}").isIdentity());
  EXPECT_EQ(Preprocessing::fromJson(R"({"crop": 8})").crop, (std::vector<std::int64_t>{8, 8}));
}

TEST(Preprocessing, WrongJsonNamesTheKey) {
  EXPECT_NE(problem("[1").find("JSON object"), std::string::npos);
  EXPECT_NE(problem(R"({"sclae": 2})").find("unknown preprocessing key 'sclae'"), std::string::npos);
  EXPECT_NE(problem(R"({"sclae": 2})").find("scale"), std::string::npos);
  EXPECT_NE(problem(R"({"layout": "hwc"})").find("nhwc, nchw"), std::string::npos);
  EXPECT_NE(problem(R"({"std": [0.2, 0]})").find("'std'"), std::string::npos);
  EXPECT_NE(problem(R"({"scale": "1/255"})").find("'scale'"), std::string::npos);
  EXPECT_NE(problem(R"({"resize": [8, 8, 8]})").find("'resize'"), std::string::npos);
  EXPECT_NE(problem(R"({"crop": [-3, 4]})").find("'crop'"), std::string::npos);
  EXPECT_NE(problem(R"({"resize": 1e300})").find("'resize'"), std::string::npos);
  EXPECT_NE(problem(R"({"inputs": {"a": 1}})").find("'inputs'"), std::string::npos);
}

TEST(Preprocessing, ChannelsLastBytesBecomePlanes) {
  const auto sample = Tensor::of<std::uint8_t>(Shape{1, 2, 3}, {10, 20, 30, 40, 50, 60});
  Preprocessing how;
  how.scale = 0.1;
  how.mean = {1, 2, 3};
  how.std = {2};
  const Tensor made = preprocess(how, sample, true);
  EXPECT_EQ(made.shape(), (Shape{3, 1, 2}));
  EXPECT_EQ(values(made), (std::vector<float>{0, 1.5f, 0, 1.5f, 0, 1.5f}));
  how = {};
  how.channels = "bgr";
  EXPECT_EQ(values(preprocess(how, sample, true)), (std::vector<float>{30, 60, 20, 50, 10, 40}));
  how.layout = "nchw";
  EXPECT_THROW(preprocess(how, Tensor::of<std::uint8_t>(Shape{2, 1, 3}, {1, 2, 3, 4, 5, 6}), true), Error);
}

/// The table for bytes must give what the general way gives.
TEST(Preprocessing, FastWayForBytesEqualsTheGeneralOne) {
  std::vector<std::uint8_t> bytes(5 * 7 * 3);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37);
  std::vector<float> floats(bytes.begin(), bytes.end());
  for (const char* json : {R"({})", R"({"scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]})", R"({"channels": "bgr", "mean": 3, "std": 7})"}) {
    const auto how = Preprocessing::fromJson(json);
    for (const bool last : {true, false}) {
      const Shape shape = last ? Shape{5, 7, 3} : Shape{3, 5, 7};
      EXPECT_EQ(values(preprocess(how, Tensor::of(shape, bytes), last)), values(preprocess(how, Tensor::of(shape, floats), last))) << json;
    }
  }
}

TEST(Preprocessing, GrayFromColourAndBack) {
  Preprocessing how;
  how.channels = "gray";
  EXPECT_NEAR(values(preprocess(how, Tensor::of<std::uint8_t>(Shape{1, 1, 3}, {100, 200, 50}), true)).at(0), 29.9f + 117.4f + 5.7f, 1e-4);
  how.channels = "rgb";
  EXPECT_EQ(values(preprocess(how, Tensor::of<std::uint8_t>(Shape{1, 2}, {7, 9}), true)), (std::vector<float>{7, 9, 7, 9, 7, 9}));
}

/// By hand: a triangle 2.5 pixels wide on each side, cut at the border and normalised.
TEST(Preprocessing, ResizesAsPillow) {
  Picture ramp{1, 1, 5, {0, 10, 20, 30, 100}};
  const auto smaller = resized(ramp, 1, 2).values;
  ASSERT_EQ(smaller.size(), 2u);
  EXPECT_NEAR(smaller[0], 10.0f, 1e-4);
  EXPECT_NEAR(smaller[1], 49.0909f, 1e-4);
  const auto larger = resized(Picture{1, 1, 2, {0, 10}}, 1, 4).values;
  EXPECT_EQ(larger, (std::vector<float>{0, 2.5f, 7.5f, 10}));
  EXPECT_EQ(resized(Picture{1, 2, 1, {0, 10}}, 4, 1).values, larger);
}

TEST(Preprocessing, ShortSideAndCentre) {
  Preprocessing how;
  how.resize = {4};
  EXPECT_EQ(preprocess(how, Tensor::of<std::uint8_t>(Shape{2, 3, 1}, {1, 2, 3, 4, 5, 6}), true).shape(), (Shape{1, 4, 6}));
  how = {};
  how.crop = {1, 1};
  EXPECT_EQ(values(preprocess(how, Tensor::of<std::uint8_t>(Shape{3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), true)), std::vector<float>{5});
  how.crop = {4, 1};
  EXPECT_THROW(preprocess(how, Tensor::of<std::uint8_t>(Shape{3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), true), Error);
}

TEST(Preprocessing, OtherSamplesKeepTheirShape) {
  Preprocessing how;
  how.scale = 2;
  EXPECT_EQ(values(preprocess(how, Tensor::of<float>(Shape{3}, {1, 2, 3}), false)), (std::vector<float>{2, 4, 6}));
  const auto tokens = Tensor::of<std::int64_t>(Shape{3}, {5, 6, 7});
  EXPECT_EQ(preprocess(how, tokens, false).type(), DataType::int64);
}

}  // namespace
}  // namespace planish
