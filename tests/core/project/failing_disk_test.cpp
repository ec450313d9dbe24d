#include "tests/core/project/sample_project.h"

#include <cerrno>
#include <sys/syscall.h>

namespace {
bool g_diskFails = false;
}

/// In front of the C library's: the disk can be made to fail when written data is to be made durable.
extern "C" int fsync(int descriptor) {
  if (g_diskFails) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace planish {
namespace {

TEST(Project, P07_AFailedFsyncIsAFailedSave) {
  const sample::Folder folder;
  saveProject(sample::small(), folder / "p.planish");
  g_diskFails = true;
  try {
    saveProject(sample::project(), folder / "p.planish");
    ADD_FAILURE() << "a save that the disk refused was reported as done";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::notWritable) << error.what();
    EXPECT_NE(std::string(error.what()).find(std::strerror(EIO)), std::string::npos) << error.what();
  }
  g_diskFails = false;
  // What was saved before is whole, and nothing lies beside it.
  sample::expectEqual(sample::small(), loadProject(folder / "p.planish"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()), 1);
  saveProject(sample::project(), folder / "p.planish");
  sample::expectEqual(sample::project(), loadProject(folder / "p.planish"));
}

}  // namespace
}  // namespace planish
