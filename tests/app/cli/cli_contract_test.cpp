#include "tests/app/cli/cli_runner.h"

#include "core/project/project.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

/// One project with everything in it, made once for all tests that only read.
const std::string& finishedProject() {
  static const Folder folder;
  static const std::string project = [] {
    const std::string path = folder / "digits.planish";
    const Outcome made = cli("run " + kDigits + kDigitsData + "--options int8,int4 --metric kl --target onnxruntime --budget 20% -o " + path + " --to " +
                             (folder / "digits_20.onnx") + " --json --quiet");
    EXPECT_EQ(made.status, 0) << made.error;
    std::ofstream(folder / "run.json") << made.out;
    return path;
  }();
  return project;
}

nlohmann::json runResult() {
  const std::string project = finishedProject();
  return nlohmann::json::parse(content((std::filesystem::path(project).parent_path() / "run.json").string()));
}

void expectEstimate(const nlohmann::json& estimate) {
  ASSERT_TRUE(estimate.contains("mean") && estimate.contains("stderr") && estimate.contains("count")) << estimate;
  EXPECT_GT(estimate["count"].get<int>(), 0);
}

TEST(CliJson, Info) {
  const auto result = cli("info " + kDigits + " --json");
  ASSERT_EQ(result.status, 0) << result.error;
  const auto object = result.json();
  EXPECT_EQ(object["schema"], 1);
  EXPECT_EQ(object["command"], "info");
  for (const char* key : {"file", "format", "bytes", "weights", "operations"}) EXPECT_TRUE(object["network"].contains(key)) << key;
  ASSERT_FALSE(object["layers"].empty());
  for (const char* key : {"id", "name", "kind", "shape", "weights", "bytes"}) EXPECT_TRUE(object["layers"][0].contains(key)) << key;
  EXPECT_EQ(object["inputs"][0]["name"], "image");
  EXPECT_TRUE(object["runnable"].get<bool>());
  EXPECT_TRUE(object["unsupported"].empty());
}

TEST(CliJson, EvalCountsTheFloatNetworkAsItsReadmeSays) {
  const auto result = cli("eval " + kDigits + " --data " + kDemo + "/digits/digits.npz --x test_x --y test_y --scale 0.0625 --mean 0.3 --std 0.37 --json");
  ASSERT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(result.json()["correct"], 599);
  expectEstimate(result.json()["metrics"]["top1"]);
  expectEstimate(result.json()["metrics"]["loss"]);
}

TEST(CliJson, EvalAgainstItselfIsNoDifference) {
  const auto result = cli("eval " + kDigits + " --reference " + kDigits + " --data " + kDemo +
                          "/digits/digits.npz --x test_x --y test_y --scale 0.0625 --mean 0.3 --std 0.37 --limit 100 --json");
  ASSERT_EQ(result.status, 0) << result.error;
  EXPECT_NEAR(result.json()["metrics"]["kl"]["mean"].get<double>(), 0, 1e-9);
  EXPECT_EQ(result.json()["difference"]["top1"]["mean"], 0.0);
  EXPECT_EQ(result.json()["difference"]["top1"]["count"], 100);
}

TEST(CliJson, RunHasAllStepsUnderTheirNames) {
  const auto object = runResult();
  EXPECT_EQ(object["command"], "run");
  ASSERT_EQ(object["measure"]["tables"].size(), 1u);
  const auto& table = object["measure"]["tables"][0];
  EXPECT_EQ(table["metric"], "kl");
  for (const char* key : {"layer", "option", "estimate", "bytes"}) EXPECT_TRUE(table["rows"][0].contains(key)) << key;
  expectEstimate(table["rows"][0]["estimate"]);
  EXPECT_TRUE(object["measure"]["work"]["done"].get<bool>());
  const auto& plan = object["plan"];
  for (const char* key : {"name", "solver", "budget", "bytes", "bits_per_weight", "predicted", "bound", "gap", "settings"}) EXPECT_TRUE(plan.contains(key)) << key;
  EXPECT_EQ(plan["budget"]["kind"], "percent");
  EXPECT_LE(plan["bytes"].get<std::int64_t>(), plan["budget"]["bytes"].get<std::int64_t>());
  for (const char* key : {"layer", "format", "bits", "sparsity", "rank", "locked", "bytes"}) EXPECT_TRUE(plan["settings"][0].contains(key)) << key;
  const auto& compress = object["compress"];
  for (const char* key : {"plan", "layers", "before", "after", "resumed_from", "seconds"}) EXPECT_TRUE(compress.contains(key)) << key;
  expectEstimate(compress["after"]["top1"]);
  const auto& exported = object["export"];
  EXPECT_EQ(exported["target"], "onnxruntime");
  EXPECT_EQ(exported["bytes"], std::filesystem::file_size(exported["file"].get<std::string>()));
  EXPECT_EQ(exported["predicted_bytes"], plan["bytes"]);
  EXPECT_EQ(exported["weight_bytes"], exported["predicted_bytes"]);
  EXPECT_LT(exported["reloaded"]["max_abs_difference"].get<double>(), 1e-3);
  expectEstimate(exported["reloaded"]["top1"]);
}

TEST(CliJson, ShowTellsWhatRunTold) {
  const auto result = cli("show " + finishedProject() + " --json");
  ASSERT_EQ(result.status, 0) << result.error;
  const auto object = result.json();
  const auto run = runResult();
  for (const char* key : {"project", "network", "tables", "plans", "results", "journal"}) EXPECT_TRUE(object.contains(key)) << key;
  EXPECT_EQ(object["tables"][0]["rows"], run["measure"]["tables"][0]["rows"]);
  EXPECT_EQ(object["plans"][0]["settings"], run["plan"]["settings"]);
  EXPECT_EQ(object["results"][0]["after"], run["compress"]["after"]);
  EXPECT_TRUE(object["journal"].is_null());
}

TEST(CliJson, MethodsListEveryKindWithParameters) {
  const auto object = cli("methods --json").json();
  for (const char* key : {"metrics", "solvers", "compressors", "formats", "targets"}) {
    ASSERT_FALSE(object[key].empty()) << key;
    for (const char* field : {"id", "name", "help", "parameters"}) EXPECT_TRUE(object[key][0].contains(field)) << field;
  }
  const auto has = [&](const char* kind, const char* id) {
    for (const auto& method : object[kind])
      if (method["id"] == id) return true;
    return false;
  };
  for (const char* id : {"weight-error", "output-error", "kl", "loss", "top1", "top5", "nmse", "cosine"}) EXPECT_TRUE(has("metrics", id)) << id;
  for (const char* id : {"exact", "greedy", "uniform", "evolve"}) EXPECT_TRUE(has("solvers", id)) << id;
  for (const char* id : {"any", "onnxruntime"}) EXPECT_TRUE(has("targets", id)) << id;
  for (const char* id : {"bias", "batchnorm", "moments"}) EXPECT_TRUE(has("repairs", id)) << id;
}

TEST(CliJson, TheSameTableIsReusedNotMeasuredAgain) {
  const Folder folder;
  std::filesystem::copy_file(finishedProject(), folder / "copy.planish");
  const auto again = cli("measure " + kDigits + kDigitsData + "--options int8,int4 --metric kl --target onnxruntime -o " + (folder / "copy.planish") + " --json");
  ASSERT_EQ(again.status, 0) << again.error;
  EXPECT_EQ(again.json()["reused"], nlohmann::json({"kl"}));
  EXPECT_EQ(again.json()["tables"][0]["rows"], runResult()["measure"]["tables"][0]["rows"]);
}

TEST(CliPlan, BudgetBelowTheLeastIsRefusedWithTheLeast) {
  const Folder folder;
  std::filesystem::copy_file(finishedProject(), folder / "copy.planish");
  const auto result = cli("plan " + (folder / "copy.planish") + " --budget 3% --target onnxruntime --name tiny --json");
  EXPECT_EQ(result.status, 6);
  EXPECT_FALSE(result.json()["feasible"].get<bool>());
  EXPECT_FALSE(result.json()["reason"].get<std::string>().empty());
  const auto shown = cli("show " + (folder / "copy.planish") + " --json").json();
  for (const auto& plan : shown["plans"]) EXPECT_NE(plan["name"], "tiny");
}

TEST(CliPlan, LocksAreKept) {
  const Folder folder;
  std::filesystem::copy_file(finishedProject(), folder / "copy.planish");
  const std::string layer = runResult()["plan"]["settings"][2]["layer"];
  const auto result = cli("plan " + (folder / "copy.planish") + " --budget 24% --target onnxruntime --lock '" + layer + "=int4' --json");
  ASSERT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(result.json()["settings"][2]["setting"], "int4");
  EXPECT_TRUE(result.json()["settings"][2]["locked"].get<bool>());
}

TEST(CliPlan, ExportedPlanComesBackTheSame) {
  const Folder folder;
  std::filesystem::copy_file(finishedProject(), folder / "copy.planish");
  for (const char* suffix : {".json", ".csv"}) {
    const std::string file = folder / (std::string("plan") + suffix);
    ASSERT_EQ(cli("plan-export " + (folder / "copy.planish") + " --to " + file).status, 0);
    const auto back = cli("plan-import " + (folder / "copy.planish") + " " + file + " --target onnxruntime --name back --json");
    ASSERT_EQ(back.status, 0) << back.error;
    EXPECT_EQ(back.json()["settings"].size(), runResult()["plan"]["settings"].size());
    for (std::size_t i = 0; i < back.json()["settings"].size(); ++i) EXPECT_EQ(back.json()["settings"][i]["setting"], runResult()["plan"]["settings"][i]["setting"]);
    EXPECT_EQ(back.json()["bytes"], runResult()["plan"]["bytes"]);
  }
}

}  // namespace
}  // namespace planish
