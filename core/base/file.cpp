#include "core/base/file.h"

#include "core/base/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace planish {
namespace {

Error notReadable(const std::filesystem::path& path, const std::string& why) {
  return Error(ErrorKind::invalidInput, why).in(printable(path.string()));
}

Error notWritable(const std::filesystem::path& path, const std::string& doing) {
  const int code = errno;
  Error error(ErrorKind::notWritable, "cannot " + doing + ": " + std::strerror(code));
  if (code == ENOSPC || code == EDQUOT) return std::move(error).in(printable(path.string())).remedy("free disk space or choose another place");
  if (code == EFBIG) return std::move(error).in(printable(path.string())).remedy("the file system does not take files of this size");
  return std::move(error).in(printable(path.string()));
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : m_path(path) {
  // O_NONBLOCK: opening a pipe nobody writes to must not wait.
  m_descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (m_descriptor < 0) throw notReadable(path, std::string("cannot open: ") + std::strerror(errno));
  struct stat status {};
  if (::fstat(m_descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(m_descriptor);
    throw notReadable(path, S_ISDIR(status.st_mode) ? "expected a file, found a folder" : "expected a regular file, found a pipe or device");
  }
  m_size = static_cast<std::uint64_t>(status.st_size);
  m_links = status.st_nlink;
}

InputFile::~InputFile() { ::close(m_descriptor); }

void InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::pread(m_descriptor, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw notReadable(m_path, std::string("read failed: ") + std::strerror(errno)).at("offset " + std::to_string(offset));
    if (count == 0)
      throw notReadable(m_path, "file ends after " + std::to_string(offset + done) + " bytes, expected " + std::to_string(offset + into.size()))
          .at("offset " + std::to_string(offset));
    done += static_cast<std::size_t>(count);
  }
}

std::vector<std::byte> InputFile::readAll(std::uint64_t limit) const {
  if (m_size > limit)
    throw notReadable(m_path, "file has " + std::to_string(m_size) + " bytes, the limit here is " + std::to_string(limit));
  std::vector<std::byte> content(m_size);
  read(0, content);
  return content;
}

AtomicFile::AtomicFile(std::filesystem::path target) : m_target(std::move(target)) {
  std::error_code ignored;
  if (std::filesystem::is_symlink(m_target, ignored)) {
    const auto resolved = std::filesystem::weakly_canonical(m_target, ignored);
    if (!ignored) m_target = resolved;
  }
  std::string pattern = (m_target.parent_path() / (".planish-XXXXXX")).string();
  m_descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (m_descriptor < 0) throw notWritable(m_target, "create a file beside it");
  m_temporary = pattern;
  struct stat status {};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(m_descriptor, ::stat(m_target.c_str(), &status) == 0 ? status.st_mode & 0777 : 0666 & ~mask);
}

AtomicFile::~AtomicFile() {
  if (m_descriptor >= 0) ::close(m_descriptor);
  if (!m_temporary.empty()) ::unlink(m_temporary.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  m_size += bytes.size();
  m_buffer.insert(m_buffer.end(), bytes.begin(), bytes.end());
  if (m_buffer.size() >= (1u << 20)) flush();
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void AtomicFile::flush() {
  std::size_t done = 0;
  while (done < m_buffer.size()) {
    const ssize_t count = ::write(m_descriptor, m_buffer.data() + done, m_buffer.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw notWritable(m_target, "write");
    done += static_cast<std::size_t>(count);
  }
  m_buffer.clear();
}

void AtomicFile::commit() {
  flush();
  if (::fsync(m_descriptor) != 0) throw notWritable(m_target, "write to the disk");
  const int descriptor = m_descriptor;
  m_descriptor = -1;
  if (::close(descriptor) != 0) throw notWritable(m_target, "close");
  if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) throw notWritable(m_target, "rename over it");
  m_temporary.clear();
  const std::filesystem::path folder = m_target.has_parent_path() ? m_target.parent_path() : ".";
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

std::string readText(const std::filesystem::path& path, std::uint64_t limit) {
  const auto bytes = InputFile(path).readAll(limit);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void writeText(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace planish
