#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace planish {
namespace {

namespace fs = std::filesystem;

struct Include {
  std::string file;    ///< from the repository's root
  std::string target;  ///< between the brackets or quotes
  bool quoted = false;
};

std::vector<Include> includesUnder(const std::string& folder) {
  std::vector<Include> found;
  const fs::path root = PLANISH_SOURCE_DIR;
  if (!fs::exists(root / folder)) return found;
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const auto suffix = entry.path().extension().string();
    if (suffix != ".h" && suffix != ".cpp" && suffix != ".cu" && suffix != ".cuh") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (std::regex_search(line, match, pattern)) found.push_back({fs::relative(entry.path(), root).string(), match[2], match[1] == "\""});
    }
  }
  return found;
}

/// Everything that breaks a rule, one line each.
template <typename Rule>
std::string violations(const std::vector<std::string>& folders, Rule allowed) {
  std::string text;
  for (const auto& folder : folders)
    for (const auto& include : includesUnder(folder))
      if (!allowed(include)) text += include.file + " includes " + include.target + "\n";
  return text;
}

bool startsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

TEST(IncludeRules, FindsIncludesAtAll) { EXPECT_GT(includesUnder("core").size(), 100u); }

TEST(IncludeRules, NoQtInTheEngine) {
  const std::regex qt(R"(^(Q[A-Z]\w*|Qt\w*)(/.*)?$)");
  EXPECT_EQ(violations({"core", "plugins", "app/cli"}, [&](const Include& i) { return i.quoted || !std::regex_match(i.target, qt); }), "");
}

TEST(IncludeRules, NobodyBelowKnowsTheApplication) {
  EXPECT_EQ(violations({"core", "plugins", "views"}, [](const Include& i) { return !startsWith(i.target, "app/"); }), "");
  EXPECT_EQ(violations({"core", "plugins"}, [](const Include& i) { return !startsWith(i.target, "views/"); }), "");
  EXPECT_EQ(violations({"core", "views"}, [](const Include& i) { return !startsWith(i.target, "plugins/"); }), "");
}

TEST(IncludeRules, PluginsReachCoreAndThemselvesOnly) {
  EXPECT_EQ(violations({"plugins"}, [](const Include& i) {
              if (!startsWith(i.target, "plugins/")) return true;
              // plugins/<kind>/<name>/file.cpp may include plugins/<kind>/<name>/...
              const fs::path own = fs::path(i.file).parent_path();
              return startsWith(i.target, own.string() + "/") || own == "plugins";
            }),
            "");
}

TEST(IncludeRules, CudaOnlyInFoldersNamedCuda) {
  const std::regex cuda(R"(^(cuda|cublas|cusolver|cudnn|curand|nccl).*)");
  EXPECT_EQ(violations({"core", "plugins", "views", "app"},
                       [&](const Include& i) { return i.quoted || i.file.find("/cuda/") != std::string::npos || !std::regex_match(i.target, cuda); }),
            "");
}

TEST(IncludeRules, OneDnnOnlyInItsFolder) {
  EXPECT_EQ(violations({"core", "plugins", "views", "app"},
                       [](const Include& i) { return i.file.find("/cpu/onednn/") != std::string::npos || i.target.find("dnnl") == std::string::npos; }),
            "");
}

TEST(IncludeRules, FoldersOfCoreIncludeOnlyThoseAbove) {
  const std::vector<std::string> order = {"base",        "parameters",  "tensor",     "network", "compute", "data",    "evaluation", "statistics",
                                          "compression", "sensitivity", "allocation", "formats", "plugin",  "project", "jobs"};
  const auto rank = [&](const std::string& path) {
    const auto end = path.find('/', 5);
    return std::find(order.begin(), order.end(), path.substr(5, end - 5)) - order.begin();
  };
  EXPECT_EQ(violations({"core"}, [&](const Include& i) { return !startsWith(i.target, "core/") || rank(i.target) <= rank(i.file); }), "");
}

TEST(IncludeRules, IncludesStartAtTheRoot) {
  EXPECT_EQ(violations({"core", "plugins", "views", "app"}, [](const Include& i) { return !i.quoted || i.target.find('/') != std::string::npos; }), "");
}

}  // namespace
}  // namespace planish
