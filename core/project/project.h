#pragma once

#include "core/allocation/plan.h"
#include "core/compression/compressed_network.h"
#include "core/sensitivity/sensitivity_table.h"

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace planish {

/// The network a project is about: it stays outside as an ordinary file.
struct NetworkReference {
  std::string path, name, format;
  std::string fingerprint;          ///< Network::fingerprint
  std::uint64_t bytes = 0;          ///< size of the file
  std::vector<std::string> passes;  ///< network passes that every step applies after opening
  bool operator==(const NetworkReference&) const = default;
};

/// Data as it was given: enough to open it again and to know that it is the same.
struct DataReference {
  std::string path, x, y;
  std::string preprocessing;  ///< Preprocessing::toJson
  std::int64_t limit = -1, batch = 64;
  std::int64_t count = 0;   ///< samples used
  std::string fingerprint;  ///< BatchSource::fingerprint
  bool operator==(const DataReference&) const = default;
};

struct LayerResult {
  std::string layer;
  Setting setting;
  Bits bits;
  double error = 0;  ///< |W - W'|^2 / |W|^2
  double seconds = 0;
  bool operator==(const LayerResult&) const = default;
};

/// CompressedNetwork by names instead of ids, as files keep it.
struct StoredNetwork {
  std::map<std::string, CompressedTensor> weights;
  std::map<std::string, Tensor> edits;
  std::map<std::string, ActivationFormat> activations;
};
StoredNetwork store(const CompressedNetwork& compressed, const Network& network);
/// Throws Error(invalidInput) if a name is not in the network or a shape does not fit.
CompressedNetwork restore(const StoredNetwork& stored, const Network& network, const Layers& layers);

/// What one compress job made.
struct CompressionResult {
  std::string plan;
  std::string fingerprint;  ///< of network, data, plan and program version
  std::vector<LayerResult> layers;
  std::vector<std::string> repairs;
  std::map<std::string, Estimate> before, after,
      difference;  ///< by score id; difference is paired, after minus before
  std::int64_t correctBefore = -1, correctAfter = -1;
  std::int64_t resumedFrom = 0;  ///< layers that a journal had already
  double seconds = 0;
  std::uint64_t seed = 0;
  StoredNetwork compressed;
};

struct ExportRecord {
  std::string plan, target, file;
  std::int64_t bytes = 0, weightBytes = 0, predictedBytes = 0;
  double maxAbsDifference = 0;  ///< of the reloaded file's answers to the result's
  std::map<std::string, Estimate> reloaded;
};

/// Everything with which the work goes on tomorrow. A value; saving and loading are the only ways to and from
/// a file.
struct Project {
  std::string programVersion;
  NetworkReference network;
  std::optional<DataReference> data, calibration;
  std::vector<SensitivityTable> tables;
  std::vector<Plan> plans;
  std::vector<CompressionResult> results;
  std::vector<ExportRecord> exports;

  const SensitivityTable* table(std::string_view metric) const;
  const Plan* plan(std::string_view name) const;
  const CompressionResult* result(std::string_view plan) const;
  /// Replace the one of the same name (metric, plan, file), or add.
  void put(SensitivityTable table);
  void put(Plan plan);
  void put(CompressionResult result);
  void put(ExportRecord record);
};

/// Version of the layout; a newer one is refused. The layout is described in resources/help/project-file.md.
inline constexpr int kProjectSchema = 1;

/// Builds the image in memory, writes it beside the target, reads it back, and only then renames it: a good
/// file is never replaced by a half-written one. Throws Error(notWritable).
void saveProject(const Project& project, const std::filesystem::path& path);

/// Throws Error(invalidInput): not a project, damaged (digest checked before HDF5 sees a byte), hostile;
/// Error(unsupported): newer.
Project loadProject(const std::filesystem::path& path, std::vector<std::string>* warnings = nullptr);
/// The same from the bytes of a file, for tests that feed damaged ones.
Project loadProjectImage(std::span<const std::byte> file, const std::string& name,
                         std::vector<std::string>* warnings = nullptr);

/// Held while a command works on a project, so that two do not overwrite each other: "<path>.lock" with the
/// process id.
class ProjectLock {
 public:
  /// Throws Error(notWritable) naming the process that holds it; a lock of a dead process is taken over.
  explicit ProjectLock(const std::filesystem::path& project);
  ~ProjectLock();
  ProjectLock(const ProjectLock&) = delete;
  ProjectLock& operator=(const ProjectLock&) = delete;

 private:
  std::filesystem::path m_path;
  int m_descriptor = -1;
};

}  // namespace planish
