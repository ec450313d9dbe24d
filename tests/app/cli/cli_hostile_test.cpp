// Rows C01-C15 of the catalogue of bad inputs.
#include "tests/app/cli/cli_runner.h"

#include "core/project/journal.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

const std::string kManyOptions = "--options int8,int6,int5,int4,int3,int2 --metric kl --threads 1 ";

TEST(CliHostile, C01_HelpVersionAndUnknownWords) {
  EXPECT_EQ(cli("").status, 0);
  EXPECT_EQ(cli("--help").status, 0);
  EXPECT_EQ(cli("--version").status, 0);
  EXPECT_NE(cli("--version").out.find("planish-cli"), std::string::npos);
  EXPECT_EQ(cli("--no-such-option").status, 2);
  const auto unknown = cli("compres x");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.error.find("compress"), std::string::npos);
  EXPECT_EQ(cli("info").status, 2);
}

TEST(CliHostile, C01_UnknownIdsListTheKnown) {
  const Folder folder;
  const auto metric = cli("measure " + kDigits + kDigitsData + "--metric kll -o " + (folder / "p.planish"));
  EXPECT_EQ(metric.status, 2);
  EXPECT_NE(metric.error.find("kl, "), std::string::npos) << metric.error;
  const auto option = cli("measure " + kDigits + kDigitsData + "--options int9 -o " + (folder / "p.planish"));
  EXPECT_EQ(option.status, 2);
  EXPECT_NE(option.error.find("int8"), std::string::npos) << option.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "p.planish"));
}

TEST(CliHostile, C02_ReaderThatLeavesEarly) {
  const auto result = shell("set -o pipefail; \"$CLI\" methods | head -n 1");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error, "");
}

TEST(CliHostile, C03_OverwritingNeedsForceAndNeverAsks) {
  const Folder folder;
  const std::string project = folder / "p.planish", file = folder / "out.onnx";
  const std::string run = "run " + kDigits + kDigitsData + "--options int8 --metric weight-error --target onnxruntime --budget 26% --repair none -o " + project + " --to " + file;
  ASSERT_EQ(cli(run).status, 0);
  const auto before = content(file);
  const auto again = cli("export " + project + " --to " + file);
  EXPECT_EQ(again.status, 2);
  EXPECT_NE(again.error.find("--force"), std::string::npos);
  EXPECT_EQ(content(file), before);
  EXPECT_EQ(cli("export " + project + " --to " + file + " --force").status, 0);
}

TEST(CliHostile, C04_C05_StoppedJobsContinueBitIdentical) {
  const Folder folder;
  const std::string whole = folder / "whole.planish", stopped = folder / "stopped.planish";
  const std::string measure = "measure " + kDigits + kDigitsData + kManyOptions;
  ASSERT_EQ(cli(measure + "-o " + whole + " --quiet").status, 0);
  const auto rows = cli("show " + whole + " --json").json()["tables"][0]["rows"];

  int status = 0;
  for (const auto& [signal, expected] : {std::pair("INT", 130), std::pair("TERM", 143)}) {
    std::filesystem::remove(stopped);
    std::filesystem::remove(Journal::pathFor(stopped));
    // The first event line of a finished layer, then the signal.
    const auto run = shell("mkfifo '" + (folder / signal) + "'; \"$CLI\" " + measure + "-o " + stopped + " --jsonl > '" + (folder / signal) + "' & job=$!; exec 3< '" +
                           (folder / signal) + "'; while read -r line <&3; do case \"$line\" in *'\"rows\"'*) kill -" + signal + " $job; break;; esac; done; cat <&3 > /dev/null; wait $job");
    status = run.status;
    EXPECT_EQ(status, expected) << run.error;
    EXPECT_TRUE(Journal::exists(stopped));
    EXPECT_FALSE(std::filesystem::exists(stopped));
    const auto refused = cli(measure + "-o " + stopped);
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.error.find("--resume"), std::string::npos) << refused.error;
    const auto resumed = cli(measure + "-o " + stopped + " --resume");
    ASSERT_EQ(resumed.status, 0) << resumed.error;
    EXPECT_NE(resumed.error.find("journal"), std::string::npos) << resumed.error;
    EXPECT_EQ(cli("show " + stopped + " --json").json()["tables"][0]["rows"], rows);
    EXPECT_FALSE(Journal::exists(stopped));
  }
}

TEST(CliHostile, C04_KilledJobsContinueBitIdentical) {
  const Folder folder;
  const std::string whole = folder / "whole.planish", killed = folder / "killed.planish";
  const std::string measure = "measure " + kDigits + kDigitsData + kManyOptions;
  ASSERT_EQ(cli(measure + "-o " + whole + " --quiet").status, 0);
  const auto run = shell("mkfifo '" + (folder / "pipe") + "'; \"$CLI\" " + measure + "-o " + killed + " --jsonl > '" + (folder / "pipe") + "' & job=$!; exec 3< '" + (folder / "pipe") +
                         "'; while read -r line <&3; do case \"$line\" in *'\"rows\"'*) kill -KILL $job; break;; esac; done; wait $job");
  EXPECT_EQ(run.status, 137);
  ASSERT_TRUE(Journal::exists(killed));
  ASSERT_EQ(cli(measure + "-o " + killed + " --resume").status, 0);
  EXPECT_EQ(cli("show " + killed + " --json").json()["tables"], cli("show " + whole + " --json").json()["tables"]);
}

TEST(CliHostile, C06_ErrorsAreJsonToo) {
  const Folder folder;
  std::ofstream(folder / "empty.onnx");
  std::ofstream(folder / "text.onnx") << "this is no network";
  for (const auto& [arguments, status] :
       {std::pair("info " + (folder / "missing.onnx"), 3), std::pair("info " + (folder / "empty.onnx"), 3), std::pair("info " + (folder / "text.onnx"), 3),
        std::pair("show " + (folder / "text.onnx"), 3), std::pair(std::string("nonsense"), 2), std::pair("info " + folder.path().string(), 3)}) {
    const auto result = cli(arguments + " --json");
    EXPECT_EQ(result.status, status) << arguments << "\n" << result.error;
    const auto object = result.json();
    EXPECT_EQ(object["schema"], 1);
    for (const char* key : {"kind", "message", "file", "where", "remedy"}) EXPECT_TRUE(object["error"].contains(key)) << arguments << " " << key;
  }
}

TEST(CliHostile, C06_EventsAreNumberedLines) {
  const Folder folder;
  const auto result = cli("measure " + kDigits + " --metric weight-error --options int4 -o " + (folder / "p.planish") + " --jsonl");
  ASSERT_EQ(result.status, 0) << result.error;
  std::istringstream lines(result.out);
  int expected = 0;
  std::string last;
  for (std::string line; std::getline(lines, line); ++expected) {
    const auto object = nlohmann::json::parse(line);
    EXPECT_EQ(object["seq"], expected);
    last = object["event"];
  }
  EXPECT_GT(expected, 1);
  EXPECT_EQ(last, "result");
}

TEST(CliHostile, C07_NoEscapesWhereNobodyCanShowThem) {
  const Folder folder;
  for (const char* environment : {"NO_COLOR=1", "TERM=dumb", "COLUMNS=20"}) {
    const auto result = shell(std::string(environment) + " \"$CLI\" measure " + kDigits + " --metric weight-error --options int4 --force -o " + (folder / "p.planish"));
    EXPECT_EQ(result.status, 0) << result.error;
    EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(result.error.find('\x1b'), std::string::npos);
  }
}

TEST(CliHostile, C08_FilesWithStrangeNames) {
  const Folder folder;
  for (const char* name : {"-x", "--json", "two\nlines"}) {
    std::filesystem::copy_file(kDigits, folder / name);
    const auto result = shell("cd '" + folder.path().string() + "'; \"$CLI\" info --json -- $'" + std::string(name == std::string("two\nlines") ? "two\\nlines" : name) + "'");
    EXPECT_EQ(result.status, 0) << name << result.error;
    EXPECT_EQ(result.json()["command"], "info");
  }
}

TEST(CliHostile, C09_TwoProcessesOneProject) {
  const Folder folder;
  const ProjectLock lock(folder / "p.planish");
  const auto second = cli("measure " + kDigits + " --metric weight-error --options int4 -o " + (folder / "p.planish"));
  EXPECT_EQ(second.status, 7);
  EXPECT_NE(second.error.find("process " + std::to_string(::getpid())), std::string::npos) << second.error;
}

TEST(CliHostile, C10_PlanOfAnotherNetwork) {
  const Folder folder;
  ASSERT_EQ(cli("measure " + kDigits + " --metric weight-error --options int4 -o " + (folder / "p.planish")).status, 0);
  std::ofstream(folder / "plan.json") << R"({"name": "foreign", "settings": [{"layer": "model.layers.0.q_proj", "setting": "int4"}]})";
  const auto result = cli("plan-import " + (folder / "p.planish") + " " + (folder / "plan.json"));
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.error.find("model.layers.0.q_proj"), std::string::npos) << result.error;
}

TEST(CliHostile, C11_ResumeWithOtherOptionsSaysWhichChanged) {
  const Folder folder;
  const std::string project = folder / "p.planish";
  Journal::open(project, "measure", "network=other\noptions=int8\n", false, false);
  const auto result = cli("measure " + kDigits + " --metric weight-error --options int4 --resume -o " + project);
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.error.find("network"), std::string::npos) << result.error;
  EXPECT_NE(result.error.find("options"), std::string::npos) << result.error;
  EXPECT_EQ(cli("measure " + kDigits + " --metric weight-error --options int4 --force -o " + project).status, 0);
}

TEST(CliHostile, C12_SameBytesInEveryLocale) {
  const std::string first = cli("info " + kDigits + " --json").out;
  for (const char* locale : {"C", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8"})
    EXPECT_EQ(shell(std::string("LC_ALL=") + locale + " \"$CLI\" info " + kDigits + " --json").out, first) << locale;
  EXPECT_EQ(shell("LC_ALL=tr_TR.UTF-8 \"$CLI\" measure " + kDigits + " --metric weight-error --options INT4 --dry-run -o x.planish").status, 0);
}

TEST(CliHostile, C13_FullDiskAsOutput) { EXPECT_EQ(shell("\"$CLI\" methods > /dev/full").status, 7); }

TEST(CliHostile, C15_WithoutHome) {
  EXPECT_EQ(shell("unset HOME; \"$CLI\" info " + kDigits).status, 0);
  EXPECT_EQ(shell("HOME=/nonexistent \"$CLI\" info " + kDigits).status, 0);
}

/// A network of one MatMul whose weight [4, 4] lies in weights.bin, with a checksum that is not the file's. Field numbers: onnx.proto.
void writeNetworkWithWrongChecksum(const Folder& folder) {
  const auto part = [](int field, const std::string& bytes) { return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(bytes.size())} + bytes; };
  const auto number = [](int field, int value) { return std::string{static_cast<char>(field << 3), static_cast<char>(value)}; };
  const auto entry = [&](const std::string& key, const std::string& value) { return part(13, part(1, key) + part(2, value)); };
  const auto value = [&](const std::string& name) {
    return part(1, name) + part(2, part(1, number(1, 1) + part(2, part(1, number(1, 1)) + part(1, number(1, 4)))));
  };
  const std::string weight = number(1, 4) + number(1, 4) + number(2, 1) + part(8, "w") + entry("location", "weights.bin") + entry("checksum", std::string(40, '0')) + number(14, 1);
  const std::string graph = part(1, part(1, "x") + part(1, "w") + part(2, "y") + part(4, "MatMul")) + part(2, "g") + part(5, weight) + part(11, value("x")) + part(12, value("y"));
  ASSERT_GE(graph.size(), 128u);
  const std::string length{static_cast<char>((graph.size() & 127) | 128), static_cast<char>(graph.size() >> 7)};
  std::ofstream(folder / "net.onnx", std::ios::binary) << number(1, 8) << static_cast<char>(7 << 3 | 2) << length << graph << part(8, number(2, 17));
  std::ofstream(folder / "weights.bin", std::ios::binary) << std::string(64, '\0');
}

TEST(CliHostile, O08_WrongChecksumsAreWarnedOfOrRefused) {
  const Folder folder;
  writeNetworkWithWrongChecksum(folder);
  for (const std::string words : {"", " --checksums warn"}) {
    const auto warned = cli("info " + (folder / "net.onnx") + words);
    EXPECT_EQ(warned.status, 0) << warned.error;
    EXPECT_NE((warned.out + warned.error).find("SHA-1"), std::string::npos) << warned.out << warned.error;
  }
  const auto refused = cli("info " + (folder / "net.onnx") + " --checksums refuse");
  EXPECT_EQ(refused.status, 3);
  EXPECT_NE(refused.error.find("weights.bin"), std::string::npos) << refused.error;
  EXPECT_NE(refused.error.find("SHA-1"), std::string::npos) << refused.error;
  EXPECT_EQ(cli("info " + (folder / "net.onnx") + " --checksums perhaps").status, 2);
}

}  // namespace
}  // namespace planish
