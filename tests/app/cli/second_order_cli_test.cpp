#include "tests/app/cli/cli_runner.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

/// Measured, planned, compressed, judged and written with settings that name compressors with statistics of the inputs.
TEST(CliSecondOrder, MeasurePlanCompressExport) {
  const Folder folder;
  const std::string project = folder / "p.planish";
  const Outcome measured = cli("measure " + kDigits + kDigitsData + "--metric kl --options int4g16@gptq,int4+s50@sparsegpt,fp16+2:4@wanda --target onnxruntime -o " + project + " --json --quiet");
  ASSERT_EQ(measured.status, 0) << measured.error;
  for (const char* lock : {"int4g16@gptq", "int4+s50@sparsegpt", "fp16+2:4@wanda"}) {
    const Outcome planned = cli("plan " + project + " --budget 90% --target onnxruntime --lock '*=" + lock + "' --name " + std::string(lock).substr(0, 4) + " --json --quiet");
    ASSERT_EQ(planned.status, 0) << lock << planned.error;
    const Outcome compressed = cli("compress " + project + " --repair none --json --quiet");
    ASSERT_EQ(compressed.status, 0) << lock << compressed.error;
    const auto exported = cli("export " + project + " --to " + (folder / "out.onnx") + " --json --quiet --force");
    EXPECT_EQ(exported.status, 0) << lock << exported.error;
  }
}

/// Two values of a parameter are two options, planned, locked, kept in the project and in an exported plan like any other.
TEST(CliSecondOrder, ParametersOfAMethodAreMeasuredBesideEachOther) {
  const Folder folder;
  const std::string project = folder / "p.planish", options = "int3@gptq,int3@gptq:damping=0.3,int3@gptq:act-order=true:damping=0.05";
  const Outcome measured = cli("measure " + kDigits + kDigitsData + "--metric output-error --options " + options + " -o " + project + " --json --quiet");
  ASSERT_EQ(measured.status, 0) << measured.error;
  std::map<std::string, std::map<std::string, double>> errors;
  const auto table = measured.json()["tables"][0];
  for (const auto& row : table["rows"]) errors[row["layer"]][row["option"]] = row["estimate"]["mean"];
  ASSERT_FALSE(errors.empty());
  int apart = 0;
  for (const auto& [layer, byOption] : errors) {
    ASSERT_EQ(byOption.size(), 3U) << layer;
    apart += byOption.at("int3@gptq") != byOption.at("int3@gptq:damping=0.3") && byOption.at("int3@gptq") != byOption.at("int3@gptq:act-order=true:damping=0.05");
  }
  EXPECT_GT(apart, static_cast<int>(errors.size()) / 2);
  const Outcome planned = cli("plan " + project + " --budget 90% --lock '*=int3@gptq:damping=0.3' --json --quiet");
  ASSERT_EQ(planned.status, 0) << planned.error;
  const auto plan = planned.json();
  for (const auto& layer : plan["settings"]) {
    EXPECT_EQ(layer["setting"], "int3@gptq:damping=0.3");
    EXPECT_EQ(layer["format"], "int3");
    EXPECT_TRUE(layer["locked"]);
  }
  const Outcome compressed = cli("compress " + project + " --repair none --json --quiet");
  ASSERT_EQ(compressed.status, 0) << compressed.error;
  EXPECT_EQ(compressed.json()["layers"][0]["setting"], "int3@gptq:damping=0.3");
  for (const char* wrong : {"int3@gptq:damp=0.3", "int3@gptq:damping=often", "int3@gptq:damping"}) {
    const Outcome refused = cli("measure " + kDigits + kDigitsData + "--metric output-error --options " + wrong + " -o " + (folder / "q.planish") + " --json --quiet");
    EXPECT_EQ(refused.status, 2) << wrong;
    EXPECT_NE(refused.error.find("damping"), std::string::npos) << refused.error;
  }
}

TEST(CliSecondOrder, WithoutCalibrationDataTheRemedyIsNamed) {
  const Folder folder;
  const Outcome outcome = cli("measure " + kDigits + " --metric weight-error --options int4@gptq -o " + (folder / "p.planish") + " --json --quiet");
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.error.find("calibration"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace planish
