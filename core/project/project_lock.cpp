#include "core/base/error.h"
#include "core/project/beside.h"
#include "core/project/project.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace planish {
namespace {

/// False if the file was unlinked, or replaced, after it was opened: whoever locks it then holds nothing.
bool isStillThere(int descriptor, const std::filesystem::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

std::string holderOf(int descriptor) {
  char text[32] = {};
  const ssize_t count = ::pread(descriptor, text, sizeof text - 1, 0);
  return count > 0 ? "process " + printable(std::string_view(text, static_cast<std::size_t>(count)))
                   : "its process is not known yet";
}

}  // namespace

ProjectLock::ProjectLock(const std::filesystem::path& project) : m_path(besideProject(project, ".lock")) {
  for (int attempt = 0;; ++attempt) {
    m_descriptor = ::open(m_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (m_descriptor < 0)
      throw Error(ErrorKind::notWritable, std::string("cannot create the lock file: ") + std::strerror(errno))
          .in(printable(m_path.string()));
    // The kernel drops the lock with its process, so the file of a dead process is no lock.
    if (::flock(m_descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      const std::string holder = holderOf(m_descriptor);
      ::close(m_descriptor);
      throw Error(ErrorKind::notWritable, "another process works on this project (" + holder + ")")
          .in(printable(project.string()))
          .remedy("wait until it has finished, or stop it");
    }
    // Other errors: a file system without locks, where nothing can be done but to work on; saving replaces
    // files whole there too.
    if (isStillThere(m_descriptor, m_path)) break;
    ::close(m_descriptor);  // its owner ended between our open and our lock
    if (attempt == 1000)
      throw Error(ErrorKind::notWritable, "the lock file is removed again and again")
          .in(printable(m_path.string()));
  }
  const std::string id = std::to_string(::getpid());
  if (::ftruncate(m_descriptor, 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(m_descriptor, id.data(), id.size(), 0);
}

ProjectLock::~ProjectLock() {
  // Unlinked while still locked: who waits with the old file open finds it gone (isStillThere).
  if (isStillThere(m_descriptor, m_path)) ::unlink(m_path.c_str());
  ::close(m_descriptor);
}

}  // namespace planish
