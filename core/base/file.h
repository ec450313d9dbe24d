#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace planish {

/// A regular file open for reading by offset (pread): a file truncated under us is an Error, not a signal.
class InputFile {
 public:
  /// Throws Error(invalidInput): missing, unreadable, a folder, pipe or device.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return m_path; }
  std::uint64_t size() const { return m_size; }
  /// Hard links to this file; 1 for an ordinary file.
  std::uint64_t links() const { return m_links; }
  /// Fills `into` from `offset`; throws Error(invalidInput) with the offset if the file ends before. May be called from any thread.
  void read(std::uint64_t offset, std::span<std::byte> into) const;
  /// The whole file; throws Error(invalidInput) if it is larger than `limit` bytes.
  std::vector<std::byte> readAll(std::uint64_t limit) const;

 private:
  std::filesystem::path m_path;
  int m_descriptor = -1;
  std::uint64_t m_size = 0;
  std::uint64_t m_links = 1;
};

/// Writes beside the target and renames over it: at no time is there a partly written file under the target's name.
/// Without commit() nothing is left behind. All failures are Error(notWritable).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  std::uint64_t size() const { return m_size; }
  /// The file being written, for a reader that checks it before commit; complete only after flush().
  const std::filesystem::path& temporary() const { return m_temporary; }
  void flush();
  /// fsync, rename, fsync of the folder.
  void commit();

 private:
  std::filesystem::path m_target, m_temporary;
  int m_descriptor = -1;
  std::uint64_t m_size = 0;
  std::vector<std::byte> m_buffer;
};

/// Whole text of a small file.
std::string readText(const std::filesystem::path& path, std::uint64_t limit = 256u << 20);
void writeText(const std::filesystem::path& path, std::string_view text);

}  // namespace planish
