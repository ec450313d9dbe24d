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

TEST(CliSecondOrder, WithoutCalibrationDataTheRemedyIsNamed) {
  const Folder folder;
  const Outcome outcome = cli("measure " + kDigits + " --metric weight-error --options int4@gptq -o " + (folder / "p.planish") + " --json --quiet");
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.error.find("calibration"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace planish
