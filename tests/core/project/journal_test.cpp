#include "core/project/journal.h"
#include "tests/core/project/sample_project.h"

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>

namespace planish {
namespace {

using sample::Folder;

const std::string kFingerprint = "network=a\ndata=b\nplan=c";

std::vector<SensitivityRow> someRows(int seed) {
  return {{"Conv1", parseSetting("int8"), {seed / 3.0, 1e-9, 512}, Bits{seed}},
          {"Conv1", parseSetting("int4g32+s50"), {-0.0, 0, 512}, Bits{0}}};
}

Journal::FinishedLayer someLayer(const std::string& name) {
  const Project project = sample::project();
  Journal::FinishedLayer layer;
  layer.result = {name, parseSetting("int8"), Bits{800}, 1.0 / 3, 0.125};
  layer.tensor = project.results[0].compressed.weights.at("rank");
  return layer;
}

std::string messageOf(const std::filesystem::path& project, const std::string& job,
                      const std::string& fingerprint, bool resume) {
  try {
    Journal::open(project, job, fingerprint, resume, false);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  ADD_FAILURE() << "opened";
  return {};
}

TEST(Journal, ResumingGivesBackWhatWasFinished) {
  const Folder folder;
  const auto project = folder / "p.planish";
  {
    const auto journal = Journal::open(project, "measure", kFingerprint, false, false);
    EXPECT_TRUE(journal->rows().empty());
    journal->appendRows("kl/Conv1", someRows(1));
    journal->appendRows("kl/\nConv2", {});
    journal->appendLayer(someLayer("Conv1"));
    journal->appendLayer(someLayer("größe"));
  }
  EXPECT_TRUE(Journal::exists(project));
  const auto summary = Journal::summary(project);
  EXPECT_EQ(summary.job, "measure");
  EXPECT_EQ(summary.fingerprint, kFingerprint);
  EXPECT_EQ(summary.finished, 4);
  for (int again = 0; again < 2; ++again) {
    const auto journal = Journal::open(project, "measure", kFingerprint, true, false);
    ASSERT_EQ(journal->rows().size(), 2u);
    EXPECT_EQ(journal->rows().at("kl/Conv1"), someRows(1));
    EXPECT_TRUE(journal->rows().at("kl/\nConv2").empty());
    ASSERT_EQ(journal->layers().size(), 2u);
    for (const auto& [name, layer] : journal->layers()) {
      EXPECT_EQ(layer.result, someLayer(name).result);
      sample::expectEqual(layer.tensor, someLayer(name).tensor);
    }
    if (again == 1) journal->finish();
  }
  EXPECT_FALSE(Journal::exists(project));
  EXPECT_EQ(folder.entries(), 0u);
}

TEST(Journal, WhatIsAppendedAfterResumingIsKeptToo) {
  const Folder folder;
  const auto project = folder / "p.planish";
  Journal::open(project, "measure", kFingerprint, true, false)->appendRows("a", someRows(1));
  Journal::open(project, "measure", kFingerprint, true, false)->appendRows("b", someRows(2));
  const auto journal = Journal::open(project, "measure", kFingerprint, true, false);
  EXPECT_EQ(journal->rows().at("a"), someRows(1));
  EXPECT_EQ(journal->rows().at("b"), someRows(2));
}

TEST(Journal, AnUnfinishedJobIsNeverOverwrittenSilently) {
  const Folder folder;
  const auto project = folder / "p.planish";
  Journal::open(project, "measure", kFingerprint, false, false)->appendRows("a", someRows(1));
  const auto before = sample::bytesOf(Journal::pathFor(project));
  EXPECT_NE(messageOf(project, "measure", kFingerprint, false).find("--resume"), std::string::npos);
  EXPECT_NE(messageOf(project, "compress", kFingerprint, true).find("'measure', not 'compress'"),
            std::string::npos);
  const std::string changed = messageOf(project, "measure", "network=a\ndata=B\nseed=1", true);
  EXPECT_NE(changed.find("data, seed, plan"), std::string::npos) << changed;
  EXPECT_EQ(changed.find("network"), std::string::npos) << changed;
  EXPECT_EQ(sample::bytesOf(Journal::pathFor(project)), before);
  EXPECT_TRUE(Journal::open(project, "compress", "network=z", false, true)->rows().empty());
  EXPECT_EQ(Journal::summary(project).job, "compress");
}

TEST(Journal, P23_TornAnywhereTheLastWholeRecordIsRestored) {
  const Folder folder;
  const auto project = folder / "p.planish";
  std::vector<std::uintmax_t> ends;
  {
    const auto journal = Journal::open(project, "measure", kFingerprint, false, false);
    ends.push_back(std::filesystem::file_size(Journal::pathFor(project)));
    for (int i = 0; i < 2; ++i) {
      journal->appendRows("row" + std::to_string(i), someRows(i));
      ends.push_back(std::filesystem::file_size(Journal::pathFor(project)));
    }
  }
  const auto whole = sample::bytesOf(Journal::pathFor(project));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    // Every length near an end, and a sample of those between.
    const bool isNear = std::any_of(ends.begin(), ends.end(),
                                    [&](std::uintmax_t end) { return size + 50 > end && size < end + 50; });
    if (size > 50 && !isNear && size % 97 != 0) continue;
    sample::writeBytes(Journal::pathFor(project), std::span(whole).first(size));
    const auto records = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::uintmax_t end) { return end <= size; }));
    const auto expected = records == 0 ? 0 : records - 1;
    EXPECT_EQ(Journal::summary(project).finished, static_cast<std::int64_t>(expected)) << size;
    const auto journal = Journal::open(project, "measure", kFingerprint, true, false);
    ASSERT_EQ(journal->rows().size(), expected) << size;
    for (std::size_t i = 0; i < expected; ++i)
      EXPECT_EQ(journal->rows().at("row" + std::to_string(i)), someRows(static_cast<int>(i)));
    EXPECT_EQ(std::filesystem::file_size(Journal::pathFor(project)), ends[expected])
        << "the torn record is cut off";
  }
}

TEST(Journal, P23_EveryByteOfTheLastRecordCounts) {
  const Folder folder;
  const auto project = folder / "p.planish";
  std::uintmax_t end = 0;
  {
    const auto journal = Journal::open(project, "measure", kFingerprint, false, false);
    journal->appendRows("a", someRows(1));
    end = std::filesystem::file_size(Journal::pathFor(project));
    journal->appendRows("b", someRows(2));
  }
  const auto whole = sample::bytesOf(Journal::pathFor(project));
  for (std::size_t at = end; at < whole.size(); at += at < end + 60 ? 1 : 101) {
    auto changed = whole;
    changed[at] ^= std::byte{0x10};
    sample::writeBytes(Journal::pathFor(project), changed);
    EXPECT_EQ(Journal::summary(project).finished, 1) << at;
  }
}

TEST(Journal, SomebodysFileIsNotTouched) {
  const Folder folder;
  const auto project = folder / "p.planish";
  for (const std::string& text :
       {std::string("Dear diary, "),
        std::string("Dear diary, today I compressed a network and it went well."), std::string(500, 'x')}) {
    std::ofstream(Journal::pathFor(project), std::ios::trunc) << text;
    EXPECT_THROW(Journal::open(project, "measure", kFingerprint, true, false), Error);
    EXPECT_THROW(Journal::summary(project), Error);
    EXPECT_EQ(std::filesystem::file_size(Journal::pathFor(project)), text.size());
  }
  EXPECT_NO_THROW(Journal::open(project, "measure", kFingerprint, false, true));
}

TEST(Journal, ZerosThatTheFileSystemNeverFilledAreAFreshBeginning) {
  const Folder folder;
  const auto project = folder / "p.planish";
  sample::writeBytes(Journal::pathFor(project), std::vector<std::byte>(4096));
  EXPECT_NO_THROW(Journal::open(project, "measure", kFingerprint, false, false));
}

TEST(Journal, LinksAreNotFollowed) {
  const Folder folder;
  sample::writeBytes(folder / "victim", {});
  std::filesystem::create_symlink("victim", Journal::pathFor(folder / "p.planish"));
  EXPECT_THROW(Journal::open(folder / "p.planish", "measure", kFingerprint, false, false), Error);
  EXPECT_EQ(std::filesystem::file_size(folder / "victim"), 0u);
}

/// After a record that did not fit, the journal ends where it did before, and goes on once there is space
/// again.
TEST(Journal, P06_AFullDiskLosesOnlyTheRecordThatDidNotFit) {
  const Folder folder;
  const auto project = folder / "p.planish";
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      ::signal(SIGXFSZ, SIG_IGN);
      const auto journal = Journal::open(project, "measure", kFingerprint, false, false);
      journal->appendRows("a", someRows(1));
      const auto size = std::filesystem::file_size(Journal::pathFor(project));
      rlimit limits{};
      ::getrlimit(RLIMIT_FSIZE, &limits);
      const rlimit full{size + 100, limits.rlim_max};
      ::setrlimit(RLIMIT_FSIZE, &full);
      try {
        journal->appendRows("b", someRows(2));
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::notWritable &&
            std::filesystem::file_size(Journal::pathFor(project)) == size)
          status = 7;
      }
      ::setrlimit(RLIMIT_FSIZE, &limits);
      journal->appendRows("c", someRows(3));
    } catch (const std::exception&) {
      status = 2;
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const auto journal = Journal::open(project, "measure", kFingerprint, true, false);
  EXPECT_EQ(journal->rows().size(), 2u);
  EXPECT_EQ(journal->rows().at("c"), someRows(3));
}

TEST(Journal, KilledWhileAppendingTheRecordsBeforeStay) {
  const Folder folder;
  const auto project = folder / "p.planish";
  for (int round = 0; round < 10; ++round) {
    std::filesystem::remove(Journal::pathFor(project));
    const pid_t child = ::fork();
    if (child == 0) {
      const auto journal = Journal::open(project, "measure", kFingerprint, false, false);
      for (int i = 0;; ++i)
        journal->appendRows(std::to_string(i), someRows(i));
    }
    ::usleep(3000 + 5000 * static_cast<unsigned>(round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    const auto journal = Journal::open(project, "measure", kFingerprint, true, false);
    int expected = 0;
    for (; journal->rows().count(std::to_string(expected)); ++expected)
      EXPECT_EQ(journal->rows().at(std::to_string(expected)), someRows(expected));
    EXPECT_EQ(journal->rows().size(), static_cast<std::size_t>(expected)) << "records without a gap";
  }
}

TEST(Journal, ARecordThatIsNoneOfOursIsAnErrorOfTheFile) {
  const Folder folder;
  const auto project = folder / "p.planish";
  Journal::open(project, "measure", kFingerprint, false, false);
  auto bytes = sample::bytesOf(Journal::pathFor(project));
  const auto copy = bytes;  // the header's record once more: whole, but neither rows nor a layer
  bytes.insert(bytes.end(), copy.begin(), copy.end());
  sample::writeBytes(Journal::pathFor(project), bytes);
  try {
    Journal::open(project, "measure", kFingerprint, true, false);
    ADD_FAILURE() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << error.what();
    EXPECT_EQ(error.file(), Journal::pathFor(project).string());
  }
}

}  // namespace
}  // namespace planish
