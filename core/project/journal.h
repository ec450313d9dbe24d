#pragma once

#include "core/project/project.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace planish {

/// What a running job has finished, appended layer by layer beside the project ("<project>.journal") and
/// flushed to the disk, so that a killed job goes on where it stopped. A torn last record is ignored and cut
/// off; a file that is no journal is never touched without `force`. Deleted when the job's result is in the
/// project. Used by the thread of the job, under the project's lock.
class Journal {
 public:
  static std::filesystem::path pathFor(const std::filesystem::path& project);
  static bool exists(const std::filesystem::path& project);

  /// Opens for a job. An existing journal: with `resume` it is continued if job and fingerprint agree, else
  /// Error(usage) says which part differs (`fingerprint` is lines "part=value"); without resume Error(usage)
  /// tells to use --resume or --force; with `force` it is thrown away.
  static std::unique_ptr<Journal> open(const std::filesystem::path& project, const std::string& job,
                                       const std::string& fingerprint, bool resume, bool force);

  struct FinishedLayer {
    LayerResult result;
    CompressedTensor tensor;
  };
  /// Finished before: table rows by "metric/layer", compressed layers by layer.
  const std::map<std::string, std::vector<SensitivityRow>>& rows() const { return m_rows; }
  const std::map<std::string, FinishedLayer>& layers() const { return m_layers; }

  void appendRows(const std::string& key, const std::vector<SensitivityRow>& rows);
  void appendLayer(const FinishedLayer& layer);
  /// Deletes the file: the result is safe elsewhere.
  void finish();
  ~Journal();

  /// What an unfinished job has, without opening it for a job; for `show`.
  struct Summary {
    std::string job, fingerprint;
    std::int64_t finished = 0;
  };
  static Summary summary(const std::filesystem::path& project);

 private:
  Journal() = default;
  void append(std::string_view payload);
  void take(std::span<const std::byte> image);
  std::filesystem::path m_path;
  int m_descriptor = -1;
  std::uint64_t m_end = 0;  ///< of the last whole record
  std::map<std::string, std::vector<SensitivityRow>> m_rows;
  std::map<std::string, FinishedLayer> m_layers;
};

}  // namespace planish
