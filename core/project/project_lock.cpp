#include "core/base/error.h"
#include "core/project/project.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace planish {

ProjectLock::ProjectLock(const std::filesystem::path& project) : m_path(project) {
  m_path += ".lock";
  // The kernel drops the lock with its process, so a stale file is no lock.
  m_descriptor = ::open(m_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (m_descriptor < 0) throw Error(ErrorKind::notWritable, std::string("cannot create the lock file: ") + std::strerror(errno)).in(m_path.string());
  if (::flock(m_descriptor, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t count = ::pread(m_descriptor, holder, sizeof holder - 1, 0);
    ::close(m_descriptor);
    throw Error(ErrorKind::notWritable, "another process works on this project (process " + printable(std::string_view(holder, count > 0 ? static_cast<std::size_t>(count) : 0)) + ")")
        .in(project.string())
        .remedy("wait until it has finished, or stop it");
  }
  const std::string id = std::to_string(::getpid());
  if (::ftruncate(m_descriptor, 0) == 0) [[maybe_unused]] const auto written = ::pwrite(m_descriptor, id.data(), id.size(), 0);
}

ProjectLock::~ProjectLock() {
  ::unlink(m_path.c_str());
  ::close(m_descriptor);
}

}  // namespace planish
