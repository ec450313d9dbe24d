#include "core/project/level_database.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/project/beside.h"
#include "core/project/records.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace planish {
namespace {

/// An entry: eight bytes that name the format, the SHA-256 of key and image, an HDF5 image with the group "tensor".
constexpr std::string_view kMagic = "PLNLVL01";
constexpr std::size_t kHeader = 40;
constexpr std::string_view kSuffix = ".level";
constexpr std::size_t kKeyLength = 64;

bool isKey(std::string_view text) {
  return text.size() == kKeyLength && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::array<std::uint8_t, 32> digestOf(const std::string& key, std::span<const std::byte> image) {
  Sha256 hash;
  hash.add(key);
  hash.add(image);
  return hash.digest();
}

CompressedTensor parsed(const std::string& key, std::span<const std::byte> content) {
  if (content.size() < kHeader || std::memcmp(content.data(), kMagic.data(), kMagic.size()) != 0) throw Error(ErrorKind::invalidInput, "it is cut short or of another format");
  const auto image = content.subspan(kHeader);
  const auto digest = digestOf(key, image);
  if (std::memcmp(content.data() + kMagic.size(), digest.data(), digest.size()) != 0) throw Error(ErrorKind::invalidInput, "its content does not have its checksum");
  const auto lock = hdf5::acquire();
  const auto file = hdf5::openImage(image);
  hdf5::refuseHostile(file, image.size());
  return readCompressed(file, "tensor");
}

std::vector<std::byte> imageWith(const CompressedTensor& level) {
  const auto lock = hdf5::acquire();
  const auto file = hdf5::createImage();
  writeCompressed(file, "tensor", level);
  return hdf5::imageOf(file);
}

}  // namespace

std::filesystem::path LevelDatabase::pathFor(const std::filesystem::path& project) { return besideProject(project, ".levels"); }

LevelDatabase::LevelDatabase(std::filesystem::path folder, Progress progress, std::uint64_t mostBytes, double leastSeconds)
    : m_folder(std::move(folder)), m_progress(std::move(progress)), m_mostBytes(mostBytes), m_leastSeconds(leastSeconds) {
  std::error_code failed;
  for (std::filesystem::directory_iterator at(m_folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (name.size() != kKeyLength + kSuffix.size() || !name.ends_with(kSuffix) || !isKey(std::string_view(name).substr(0, kKeyLength)) ||
        at->symlink_status(ignored).type() != std::filesystem::file_type::regular)
      continue;
    const Entry entry{at->file_size(ignored), at->last_write_time(ignored)};
    if (ignored) continue;
    m_bytes += entry.bytes;
    m_entries[name.substr(0, kKeyLength)] = entry;
  }
}

std::filesystem::path LevelDatabase::fileOf(const std::string& key) const { return m_folder / (key + std::string(kSuffix)); }

std::optional<CompressedTensor> LevelDatabase::find(const std::string& key) {
  const std::lock_guard lock(m_mutex);
  const auto found = m_entries.find(key);
  if (found == m_entries.end()) return std::nullopt;
  try {
    CompressedTensor level = parsed(key, InputFile(fileOf(key)).readAll(m_mostBytes));
    // The time of a file is when it was used last.
    found->second.used = std::filesystem::file_time_type::clock::now();
    std::error_code ignored;
    std::filesystem::last_write_time(fileOf(key), found->second.used, ignored);
    ++m_counts.found;
    return level;
  } catch (const Error& error) {
    std::error_code ignored;
    if (std::filesystem::exists(fileOf(key), ignored)) {
      ++m_counts.damaged;
      m_progress.warn("an entry of the level database is damaged and made anew: " + error.message() + " (" + printable(fileOf(key).string()) + ")");
    }
    remove(key);
    return std::nullopt;
  }
}

void LevelDatabase::keep(const std::string& key, const CompressedTensor& level, double seconds) {
  const std::lock_guard lock(m_mutex);
  if (!m_writes || seconds < m_leastSeconds || !isKey(key)) return;
  try {
    const auto image = imageWith(level);
    const std::uint64_t bytes = kHeader + image.size();
    if (bytes > m_mostBytes) return;
    std::error_code failed;
    std::filesystem::create_directories(m_folder, failed);
    if (failed) return giveUp(failed.message());
    const auto digest = digestOf(key, image);
    AtomicFile file(fileOf(key));
    file.write(kMagic);
    file.write(std::as_bytes(std::span(digest)));
    file.write(image);
    file.commit();
    if (const auto before = m_entries.find(key); before != m_entries.end()) m_bytes -= before->second.bytes;
    m_entries[key] = {bytes, std::filesystem::file_time_type::clock::now()};
    m_bytes += bytes;
    ++m_counts.kept;
    makeRoom(key);
  } catch (const Error& error) {
    giveUp(error.message());
  }
}

void LevelDatabase::giveUp(const std::string& why) {
  m_writes = false;
  m_progress.warn("compressed layers are not kept for later: " + why + " (" + printable(m_folder.string()) + ")");
}

void LevelDatabase::remove(const std::string& key) {
  std::error_code ignored;
  std::filesystem::remove(fileOf(key), ignored);
  if (const auto found = m_entries.find(key); found != m_entries.end()) {
    m_bytes -= found->second.bytes;
    m_entries.erase(found);
  }
}

void LevelDatabase::makeRoom(const std::string& newest) {
  while (m_bytes > m_mostBytes && m_entries.size() > 1) {
    const auto oldest = std::min_element(m_entries.begin(), m_entries.end(), [&](const auto& a, const auto& b) {
      return std::tuple(a.first == newest, a.second.used, a.first) < std::tuple(b.first == newest, b.second.used, b.first);
    });
    remove(std::string(oldest->first));
    ++m_counts.evicted;
  }
}

LevelDatabase::Counts LevelDatabase::counts() const {
  const std::lock_guard lock(m_mutex);
  return m_counts;
}

std::uint64_t LevelDatabase::bytes() const {
  const std::lock_guard lock(m_mutex);
  return m_bytes;
}

}  // namespace planish
