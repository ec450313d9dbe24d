#include "core/compression/setting.h"

#include "core/base/error.h"

#include <gmock/gmock.h>

namespace planish {
namespace {

using testing::HasSubstr;

std::string messageOf(const std::string& text) {
  try {
    parseSetting(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return {};
}

TEST(Setting, ReadsEveryExampleOfTheContract) {
  EXPECT_EQ(parseSetting("int8"), (Setting{.format = NumberFormat::integer, .bits = 8}));
  const Setting grouped = parseSetting("int4g32@gptq");
  EXPECT_EQ(grouped.granularity, Granularity::perGroup);
  EXPECT_EQ(grouped.group, 32);
  EXPECT_EQ(grouped.method, "gptq");
  const Setting pattern = parseSetting("fp16+2:4");
  EXPECT_EQ(pattern.format, NumberFormat::fp16);
  EXPECT_EQ(pattern.sparsity, (Sparsity{.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4}));
  EXPECT_EQ(parseSetting("int4+s50").sparsity, (Sparsity{.kind = Sparsity::Kind::unstructured, .percent = 50}));
  EXPECT_EQ(parseSetting("int8+a8").activationBits, 8);
  EXPECT_TRUE(parseSetting("keep").isKeep());
  EXPECT_EQ(parseSetting("int8+c25").sparsity.kind, Sparsity::Kind::channels);
  EXPECT_EQ(parseSetting("int8+r64").rank.rank, 64);
  EXPECT_EQ(parseSetting("int8+r25%").rank.percent, 25);
}

TEST(Setting, IgnoresTheCaseOfLetters) {
  EXPECT_EQ(parseSetting("INT4G128+S50@RTN"), parseSetting("int4g128+s50@rtn"));
  EXPECT_EQ(parseSetting("q4_k").ggufType, "Q4_K");
  EXPECT_EQ(parseSetting("iq2_XXS"), parseSetting("IQ2_xxs"));
}

TEST(Setting, TextIsCanonicalAndReadsBack) {
  for (const char* text : {"keep", "fp32", "fp16", "bf16", "int2", "int8pt", "uint3g64", "fp8e4m3", "fp8e5m2pt", "fp4e2m1g32", "nf4g64", "q4_k", "iq3_xxs",
                           "int4+s62.5", "keep+2:4", "fp16+c25", "int8+r64", "int8+r12.5%", "int8+a16", "keep+a8", "int5g48+s50+r10%+a8@rtn",
                           "int4@gptq:act-order=true:damping=0.05", "int3@rtn:error=weights"}) {
    EXPECT_EQ(toText(parseSetting(text)), text);
    EXPECT_EQ(parseSetting(toText(parseSetting(text))), parseSetting(text));
  }
  EXPECT_EQ(toText(parseSetting(" Int8PC+S050.0 ")), "int8+s50");
  EXPECT_EQ(toText(parseSetting("F16")), "fp16");
}

TEST(Setting, AMethodsParametersFollowItInTheOrderOfTheirNames) {
  const Setting setting = parseSetting("int4g32@GPTQ:Damping=1e-2:act-order=true");
  EXPECT_EQ(setting.method, "gptq");
  EXPECT_EQ(setting.parameters, (std::map<std::string, std::string>{{"act-order", "true"}, {"damping", "1e-2"}}));
  EXPECT_EQ(toText(setting), "int4g32@gptq:act-order=true:damping=1e-2");
  EXPECT_NE(setting, parseSetting("int4g32@gptq"));
  EXPECT_THAT(messageOf("int4@gptq:damping"), testing::AllOf(HasSubstr("NAME=VALUE"), HasSubstr("'damping'"), HasSubstr("character 11")));
  EXPECT_THAT(messageOf("int4@gptq:damping="), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(messageOf("int4@gptq:"), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(messageOf("int4@gptq:damping=0.1 0.2"), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(messageOf("int4@:damping=1"), HasSubstr("compressor's id"));
  EXPECT_THAT(messageOf("int4@gptq:damping=1:damping=2"), testing::AllOf(HasSubstr("'damping' is given twice"), HasSubstr("character 21")));
  EXPECT_THAT(messageOf("int4:damping=1"), HasSubstr("number format"));
}

TEST(Setting, UnknownWordsNameThePlaceAndWhatIsKnown) {
  EXPECT_THAT(messageOf("int9"), testing::AllOf(HasSubstr("'int9'"), HasSubstr("int8"), HasSubstr("nf4"), HasSubstr("q4_k"), HasSubstr("character 1")));
  EXPECT_THAT(messageOf("int8+x3"), testing::AllOf(HasSubstr("'x3'"), HasSubstr("sPERCENT"), HasSubstr("character 6")));
  EXPECT_THAT(messageOf("int8+a4"), testing::AllOf(HasSubstr("'4'"), HasSubstr("8, 16"), HasSubstr("character 7")));
  EXPECT_THAT(messageOf("fp16g32"), HasSubstr("no scales"));
}

TEST(Setting, RefusesWhatTheGrammarDoesNotHave) {
  for (const char* text : {"", "  ", "int", "int1", "int16", "int8g", "int8g0", "int8g-4", "int8gx", "int8g99999999", "int8+", "+s50", "int8+s", "int8+s0",
                           "int8+s100", "int8+s-5", "int8+s5x", "int8+snan", "int8+4:4", "int8+0:4", "int8+2:", "int8+:4", "int8+2:4:8", "int8+s50+c25",
                           "int8+2:4+s10", "int8+r0", "int8+r0%", "int8+r101%", "int8+r4+r5", "int8+r1.5", "int8+a8+a8", "int8@", "int8@a b", "int8@rtn+s50",
                           "int8 +s50", "q4_kpt", "keep!"})
    EXPECT_FALSE(messageOf(text).empty()) << text;
}

TEST(Setting, BitsPerCode) {
  EXPECT_EQ(parseSetting("keep").bitsPerCode(), 32);
  EXPECT_EQ(parseSetting("bf16").bitsPerCode(), 16);
  EXPECT_EQ(parseSetting("uint5").bitsPerCode(), 5);
  EXPECT_EQ(parseSetting("q4_k").bitsPerCode(), 4.5);
  EXPECT_EQ(parseSetting("q6_k").bitsPerCode(), 6.5625);
}

TEST(Options, SetsAndListsCombineWithoutDuplicates) {
  std::vector<std::string> texts;
  for (const auto& setting : parseOptions("int8, weights ,int4g32,INT2")) texts.push_back(toText(setting));
  EXPECT_THAT(texts, testing::ElementsAre("int8", "int6", "int5", "int4", "int3", "int2", "int4g32"));
  for (const auto& [name, settings] : optionSets()) EXPECT_EQ(parseOptions(name).size(), settings.size()) << name;
}

TEST(Options, ErrorsNameTheOptionSets) {
  try {
    parseOptions("int8,wieghts");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("wieghts"), HasSubstr("weights, int8-int4, activations")));
  }
  EXPECT_THROW(parseOptions("int8,,int4"), Error);
  EXPECT_THROW(parseOptions(""), Error);
}

}  // namespace
}  // namespace planish
