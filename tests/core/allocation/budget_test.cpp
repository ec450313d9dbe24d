#include "core/allocation/plan.h"
#include "core/base/error.h"
#include "core/network/network.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

TEST(Budget, SizesAreDecimalOrBinaryBytes) {
  const std::vector<std::pair<std::string, double>> sizes = {{"860092", 860092},   {"860092B", 860092}, {"2.1MB", 2100000},  {"2.1mb", 2100000}, {"256KiB", 262144},
                                                             {"1.5 MiB", 1572864}, {"3kB", 3000},       {"1GB", 1000000000}, {"2GiB", 2147483648.0}};
  for (const auto& [text, bytes] : sizes) EXPECT_EQ(parseBudget(text), (Budget{Budget::Kind::bytes, bytes})) << text;
}

TEST(Budget, OtherForms) {
  EXPECT_EQ(parseBudget("4.25bpw"), (Budget{Budget::Kind::bitsPerWeight, 4.25}));
  EXPECT_EQ(parseBudget("25%"), (Budget{Budget::Kind::percent, 25}));
  EXPECT_EQ(parseBudget("loss:0.02"), (Budget{Budget::Kind::loss, 0.02}));
  EXPECT_EQ(parseBudget("loss:0"), (Budget{Budget::Kind::loss, 0}));
}

TEST(Budget, TextRoundTrips) {
  for (const std::string text : {"2.1MB", "7", "4.25bpw", "0.1bpw", "16%", "loss:0.02", "loss:0.000001"}) EXPECT_EQ(parseBudget(toText(parseBudget(text))), parseBudget(text));
  EXPECT_EQ(toText(parseBudget("2.1MB")), "2100000B");
}

TEST(Budget, WrongTextsAreUsageErrorsThatListTheForms) {
  for (const std::string text : {"", "MB", "-3", "-3MB", "0", "0%", "1e999MB", "nan", "inf", "12parsecs", "loss:", "loss:-1", "loss:x", "4bpw%", "70bpw", "3,5MB", "99999999999GB", "0.4B", "0x10"}) {
    try {
      parseBudget(text);
      ADD_FAILURE() << "'" << text << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      for (const std::string form : {"MB", "MiB", "bpw", "%", "loss:"}) EXPECT_NE(error.remedyText().find(form), std::string::npos) << text;
    }
  }
}

/// Two layers of 100 and 50 weights; a third shares the first one's weight.
struct ThreeLayers {
  Network network;
  Layers layers;

  explicit ThreeLayers(DataType type = DataType::float32) {
    const ValueId a = weight("a.weight", {10, 10}, type), b = weight("b.weight", {5, 10}, type);
    for (const ValueId id : {a, b, a}) {
      Layer layer;
      layer.id = {static_cast<std::int32_t>(layers.items.size())};
      layer.name = std::string(1, static_cast<char>('a' + layer.id.index));
      layer.weight = id;
      layer.weightShape = network.value(id).constant.shape();
      layers.items.push_back(layer);
    }
    layers.sharedWeights = {{LayerId{0}, LayerId{2}}};
  }

  ValueId weight(const std::string& name, Shape shape, DataType type) {
    Value value;
    value.name = name;
    value.type = type;
    value.constant = Tensor(type, std::move(shape));
    return network.addValue(std::move(value));
  }
};

TEST(Budget, BitsPerWeightAndPercentCountSharedWeightsOnce) {
  const ThreeLayers full;
  EXPECT_EQ(budgetBytes(parseBudget("4bpw"), full.network, full.layers), Bytes{75});
  EXPECT_EQ(budgetBytes(parseBudget("4.1bpw"), full.network, full.layers), Bytes{76});
  EXPECT_EQ(budgetBytes(parseBudget("25%"), full.network, full.layers), Bytes{150});
  EXPECT_EQ(budgetBytes(parseBudget("123"), full.network, full.layers), Bytes{123});
  EXPECT_EQ(budgetBytes(parseBudget("loss:1"), full.network, full.layers), std::nullopt);
  const ThreeLayers half(DataType::float16);
  EXPECT_EQ(budgetBytes(parseBudget("25%"), half.network, half.layers), Bytes{75});
}

TEST(Plan, BytesAreThoseOfWholeTensorsAndSharedWeightsCountOnce) {
  const ThreeLayers three;
  Plan plan;
  plan.layers = {{"a", {}, false, {401}, ""}, {"b", {}, false, {200}, ""}, {"c", {}, false, {0}, ""}};
  EXPECT_EQ(plan.bytes(), Bytes{51 + 25});
  EXPECT_DOUBLE_EQ(plan.bitsPerWeight(three.layers), 76.0 * 8 / 150);
  EXPECT_EQ(plan.find("b")->bits.count, 200);
  EXPECT_EQ(plan.find("d"), nullptr);
}

}  // namespace
}  // namespace planish
