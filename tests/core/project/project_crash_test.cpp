// Processes that die, disks that fill up, two commands at once.
#include "tests/core/project/sample_project.h"

#include "core/jobs/open_job.h"
#include "plugins/formats/onnx/importer.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>

namespace planish {
namespace {

using sample::Folder;

/// A child process; what it does must end by itself or be killed.
template <typename Work>
pid_t forked(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      work();
    } catch (const std::exception& error) {
      ::_exit(2);
    }
    ::_exit(0);
  }
  return child;
}

int ended(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(ProjectCrash, P04_KilledWhileSavingTheOldOrTheNewOneLoads) {
  const Folder folder;
  const auto path = folder / "p.planish";
  Project odd = sample::project(), even = sample::project();
  odd.network.name = "odd";
  even.network.name = "even";
  saveProject(odd, path);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i)
    saveProject(odd, path);
  const auto oneSave =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start)
          .count() /
      4;
  std::mt19937 random(4);
  int changed = 0;
  std::string last = "odd";
  for (int i = 0; i < 100; ++i) {
    const pid_t child = forked([&] {
      for (;;) {
        saveProject(even, path);
        saveProject(odd, path);
      }
    });
    ::usleep(static_cast<unsigned>(random() % (1 + 4 * static_cast<std::uint64_t>(oneSave))));
    ::kill(child, SIGKILL);
    ASSERT_EQ(ended(child), -SIGKILL);
    const Project loaded = loadProject(path);
    sample::expectEqual(loaded.network.name == "odd" ? odd : even, loaded);
    changed += loaded.network.name != last;
    last = loaded.network.name;
  }
  EXPECT_GT(changed, 3) << "the children saved nothing";
  EXPECT_GT(folder.entries(), 3u) << "no child was killed in the middle of saving";
}

TEST(ProjectCrash, P06_FullDisk) {
  const Folder folder;
  const auto path = folder / "p.planish";
  saveProject(sample::small(), path);
  const auto before = sample::bytesOf(path);
  Project large = sample::small();
  for (int i = 0; i < 20'000; ++i)
    large.tables[0].rows.push_back({"layer" + std::to_string(i), {}, {1.0 / (i + 1), 0, 1}, Bits{i}});
  std::uintmax_t needed = 0;
  {
    const Folder other;
    saveProject(large, other / "p.planish");
    needed = std::filesystem::file_size(other / "p.planish");
  }
  for (const std::uintmax_t limit :
       {std::uintmax_t(0), std::uintmax_t(511), std::uintmax_t(4096), needed / 2, needed - 1}) {
    const int status = ended(forked([&] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limits{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &limits);
      try {
        saveProject(large, path);
      } catch (const Error& error) {
        ::_exit(error.kind() == ErrorKind::notWritable ? 7 : 1);
      }
    }));
    EXPECT_EQ(status, 7) << limit;
    EXPECT_EQ(sample::bytesOf(path), before);
    EXPECT_EQ(folder.entries(), 1u) << "something was left behind";
  }
  saveProject(large, path);
  sample::expectEqual(large, loadProject(path));
}

TEST(ProjectCrash, P10_TwoCommandsAtOnce) {
  const Folder folder;
  const auto path = folder / "p.planish";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = forked([&] {
    const ProjectLock lock(path);
    if (::write(ready[1], "x", 1) != 1) ::_exit(3);
    for (;;)
      ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    const ProjectLock second(path);
    ADD_FAILURE() << "two locks";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::notWritable);
    EXPECT_NE(error.message().find("process " + std::to_string(child)), std::string::npos) << error.what();
  }
  std::filesystem::create_symlink("p.planish", folder / "link.planish");
  sample::writeBytes(path, {});
  EXPECT_THROW(ProjectLock(folder / "link.planish"), Error) << "the same project by another name";
  ::kill(child, SIGKILL);
  ended(child);
  EXPECT_TRUE(std::filesystem::exists(folder / "p.planish.lock")) << "the dead process left its file";
  { const ProjectLock taken(path); }
  EXPECT_FALSE(std::filesystem::exists(folder / "p.planish.lock"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(ProjectCrash, P10_NeverTwoHoldersWhenManyComeAndGo) {
  const Folder folder;
  const auto path = folder / "p.planish", inside = folder / "inside";
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i)
    children.push_back(forked([&] {
      for (int done = 0; done < 300;) {
        try {
          const ProjectLock lock(path);
          const int descriptor = ::open(inside.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
          if (descriptor < 0) ::_exit(5);  // somebody else is inside
          ::close(descriptor);
          ::unlink(inside.c_str());
          ++done;
        } catch (const Error&) {
        }
      }
    }));
  for (const pid_t child : children)
    EXPECT_EQ(ended(child), 0);
}

TEST(ProjectCrash, P10_TheLockFileIsNotALink) {
  const Folder folder;
  sample::writeBytes(folder / "victim", std::as_bytes(std::span("content", 7)));
  std::filesystem::create_symlink("victim", folder / "p.planish.lock");
  EXPECT_THROW(ProjectLock(folder / "p.planish"), Error);
  EXPECT_EQ(sample::bytesOf(folder / "victim").size(), 7u);
}

TEST(ProjectCrash, P20_NetworkMovedOrChanged) {
  const Folder folder;
  const auto path = folder / "net.onnx";
  std::filesystem::copy_file(PLANISH_SOURCE_DIR "/tests/fuzz/seeds/onnx/convolution", path);
  PluginRegistries plugins;
  plugins.importers.add(std::make_shared<onnx::OnnxImporter>());
  const auto opened = openNetwork(path, {}, plugins, Progress());
  const auto reference = opened.reference;
  EXPECT_EQ(reopenNetwork(reference, plugins, Progress()).reference, reference);

  auto changed = sample::bytesOf(path);
  changed.insert(changed.end(), {std::byte{0x12}, std::byte{0x01},
                                 std::byte{'z'}});  // producer_name = "z": the same network, other bytes
  sample::writeBytes(path, changed);
  try {
    reopenNetwork(reference, plugins, Progress());
    ADD_FAILURE() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
    EXPECT_NE(error.message().find("has changed since the project was made"), std::string::npos)
        << error.what();
    EXPECT_EQ(error.file(), reference.path);
  }
  std::filesystem::remove(path);
  try {
    reopenNetwork(reference, plugins, Progress());
    ADD_FAILURE() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
    EXPECT_NE(error.message().find("cannot open"), std::string::npos) << error.what();
  }

  Project project;
  project.network = reference;
  Plan plan;
  plan.name = "p";
  plan.budget = parseBudget("50%");
  project.plans.push_back(std::move(plan));
  saveProject(project, folder / "p.planish");
  const auto statusOf = [&](const std::string& arguments) {
    const int status = std::system(
        (std::string(PLANISH_CLI) + " " + arguments + " > '" + (folder / "out").string() + "' 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(statusOf("show '" + (folder / "p.planish").string() + "'"), 0);
  EXPECT_EQ(statusOf("compress '" + (folder / "p.planish").string() + "' --plan p"), 3);
  const auto out = sample::bytesOf(folder / "out");
  EXPECT_NE(std::string(reinterpret_cast<const char*>(out.data()), out.size()).find("net.onnx"),
            std::string::npos);
}

}  // namespace
}  // namespace planish
