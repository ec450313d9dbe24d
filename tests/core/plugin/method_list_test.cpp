#include "core/plugin/method_list.h"

#include "plugins/builtin_plugins.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace planish {
namespace {

TEST(MethodList, EveryKindIsThereOnceAndSaysWhatItDoes) {
  PluginRegistries plugins;
  registerBuiltinPlugins(plugins);
  std::set<std::string> keys;
  for (const auto& group : methodGroups(plugins)) {
    EXPECT_TRUE(keys.insert(group.key).second) << group.key;
    EXPECT_FALSE(group.methods.empty()) << group.key;
    for (const auto* method : group.methods) {
      EXPECT_FALSE(method->name.empty()) << method->id;
      EXPECT_FALSE(method->help.empty()) << method->id;
      for (const auto& parameter : method->parameters) EXPECT_FALSE(parameter.help.empty()) << method->id << ": " << parameter.name;
    }
  }
  const auto groups = methodGroups(plugins);
  const auto compressors = std::ranges::find(groups, "compressors", &MethodGroup::key);
  ASSERT_NE(compressors, groups.end());
  EXPECT_TRUE(std::ranges::any_of(compressors->methods, [](const Declaration* method) { return method->id == "gptq"; }));
}

TEST(MethodList, RangesAsAPersonReadsThem) {
  ParameterDeclaration parameter{"x", 1.0, "help", "", {}, {}, {}};
  EXPECT_EQ(rangeText(parameter), "");
  parameter.minimum = 0;
  EXPECT_EQ(rangeText(parameter), "at least 0");
  parameter.maximum = 0.5;
  EXPECT_EQ(rangeText(parameter), "0 to 0.5");
  parameter.minimum.reset();
  EXPECT_EQ(rangeText(parameter), "at most 0.5");
  parameter.choices = {"mse", "absmax"};
  EXPECT_EQ(rangeText(parameter), "mse, absmax");
}

}  // namespace
}  // namespace planish
