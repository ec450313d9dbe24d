#pragma once

#include "core/base/progress.h"
#include "core/compression/level_store.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>

namespace planish {

/// The level database: a folder beside the project ("<project>.levels") with one file a compressed weight, shared by sensitivities, solvers
/// and the compress job. A cache: it may be deleted at any time. What is read is checked against its SHA-256; a damaged entry is deleted,
/// said as a warning, and made anew by whoever asked. When the folder grows over its bound, what was not used for longest goes. Files with
/// other names are left alone.
class LevelDatabase : public LevelStore {
 public:
  static constexpr std::uint64_t kMostBytes = std::uint64_t(512) << 20;
  /// What is made faster than this is not kept: reading it back would cost as much.
  static constexpr double kLeastSeconds = 0.02;

  static std::filesystem::path pathFor(const std::filesystem::path& project);
  /// The folder is made when the first level is kept. `progress` hears the warnings.
  LevelDatabase(std::filesystem::path folder, Progress progress, std::uint64_t mostBytes = kMostBytes, double leastSeconds = kLeastSeconds);

  std::optional<CompressedTensor> find(const std::string& key) override;
  void keep(const std::string& key, const CompressedTensor& level, double seconds) override;

  struct Counts {
    std::int64_t found = 0, kept = 0, damaged = 0, evicted = 0;
  };
  Counts counts() const;
  std::uint64_t bytes() const;  ///< of all entries

 private:
  struct Entry {
    std::uint64_t bytes = 0;
    std::filesystem::file_time_type used;
  };
  std::filesystem::path fileOf(const std::string& key) const;
  void remove(const std::string& key);
  void makeRoom(const std::string& newest);
  void giveUp(const std::string& why);

  std::filesystem::path m_folder;
  Progress m_progress;
  std::uint64_t m_mostBytes;
  double m_leastSeconds;
  mutable std::mutex m_mutex;
  std::map<std::string, Entry> m_entries;
  std::uint64_t m_bytes = 0;
  bool m_writes = true;
  Counts m_counts;
};

}  // namespace planish
