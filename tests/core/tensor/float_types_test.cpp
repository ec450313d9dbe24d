#include "core/tensor/float_types.h"
#include "core/tensor/tensor.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

TEST(FloatTypes, HalfRoundTripsEveryFiniteCode) {
  for (int code = 0; code < 65536; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const float value = halfToFloat(bits);
    if (std::isnan(value)) continue;
    EXPECT_EQ(floatToHalf(value), bits);
  }
}

TEST(FloatTypes, HalfTiesGoToEvenAndOverflowToInfinity) {
  EXPECT_EQ(floatToHalf(65504.f), 0x7BFF);
  EXPECT_EQ(floatToHalf(65519.f), 0x7BFF);
  EXPECT_EQ(floatToHalf(65520.f), 0x7C00);
  EXPECT_EQ(floatToHalf(1.f + std::ldexp(1.f, -11)), 0x3C00);            // tie, down to even
  EXPECT_EQ(floatToHalf(1.f + 3 * std::ldexp(1.f, -11)), 0x3C02);        // tie, up to even
  EXPECT_EQ(floatToHalf(std::ldexp(1.f, -25)), 0x0000);                  // half of the smallest subnormal
  EXPECT_EQ(floatToHalf(-0.f), 0x8000);
}

TEST(FloatTypes, SmallFloatsRoundTripEveryCode) {
  for (const DataType type : {DataType::float8e4m3fn, DataType::float8e4m3fnuz, DataType::float8e5m2, DataType::float8e5m2fnuz, DataType::float4e2m1}) {
    const int codes = type == DataType::float4e2m1 ? 16 : 256;
    for (int code = 0; code < codes; ++code) {
      const float value = smallFloatToFloat(type, static_cast<std::uint8_t>(code));
      if (std::isnan(value)) continue;
      EXPECT_EQ(floatToSmallFloat(type, value, false), code) << name(type) << " " << value;
    }
  }
}

TEST(FloatTypes, SmallFloatsSaturateWhereAsked) {
  EXPECT_EQ(smallFloatToFloat(DataType::float8e4m3fn, floatToSmallFloat(DataType::float8e4m3fn, 1000.f, true)), 448.f);
  EXPECT_TRUE(std::isnan(smallFloatToFloat(DataType::float8e4m3fn, floatToSmallFloat(DataType::float8e4m3fn, 1000.f, false))));
  EXPECT_TRUE(std::isinf(smallFloatToFloat(DataType::float8e5m2, floatToSmallFloat(DataType::float8e5m2, 1e6f, false))));
  EXPECT_EQ(smallFloatToFloat(DataType::float4e2m1, floatToSmallFloat(DataType::float4e2m1, -100.f)), -6.f);
}

TEST(Tensor, PackedTypesKeepTheirNeighbours) {
  const Tensor wide = Tensor::of<std::int32_t>({5}, {-8, 7, -1, 0, 3});
  const Tensor packed = cast(wide, DataType::int4);
  EXPECT_EQ(packed.byteSize(), 3);
  EXPECT_EQ(toIntegers(packed), (std::vector<std::int64_t>{-8, 7, -1, 0, 3}));
}

TEST(Tensor, ChannelsLastAndBack) {
  std::vector<float> values(2 * 3 * 4 * 5);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const Tensor plain = Tensor::of<float>({2, 3, 4, 5}, values);
  const Tensor last = toChannelsLast(plain);
  EXPECT_EQ(last.layout(), Layout::channelsLast);
  EXPECT_EQ(reinterpret_cast<const float*>(last.bytes().data())[1], 20.f);  // second channel of the first pixel
  const Tensor back = toPlain(last);
  EXPECT_TRUE(std::equal(values.begin(), values.end(), back.data<float>().begin()));
}

}  // namespace
}  // namespace planish
