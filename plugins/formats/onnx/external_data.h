#pragma once

#include "core/base/sha256.h"
#include "core/formats/importer.h"
#include "plugins/formats/onnx/tensor_proto.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace planish::onnx {

class ExternalFile;

/// Weights that a network keeps in files beside it. A location is refused (Error(invalidInput)) unless it is a relative path
/// of plain parts that ends, after all links, at a regular file with one name inside the network's folder.
class ExternalData {
 public:
  /// `folder`: where the network's file lies.
  explicit ExternalData(const std::filesystem::path& folder, const ImportRules& rules = {});
  ~ExternalData();

  /// A tensor that reads its bytes when they are first used; nullopt if the file is not there. Offset and length are checked
  /// against the file now, and again when they are read.
  std::optional<Tensor> tensor(const TensorProto& proto);

  /// Adds every file's location, size, first and last MiB: reading all of a file of many GB only to name it would take longer
  /// than opening the network.
  void addTo(Sha256& digest) const;
  bool used() const { return !m_files.empty(); }
  /// Locations whose file is not there, and what is odd about the others.
  const std::set<std::string>& missing() const { return m_missing; }
  const std::vector<std::string>& notices() const { return m_notices; }

 private:
  std::shared_ptr<ExternalFile> open(const std::string& location);
  void verify(const ExternalFile& file, const std::string& location, const std::string& checksum);
  std::filesystem::path m_folder;
  ImportRules m_rules;
  std::map<std::string, std::shared_ptr<ExternalFile>> m_files;  ///< by location
  std::set<std::string> m_missing, m_verified, m_oddKeys;
  std::vector<std::string> m_notices;
};

}  // namespace planish::onnx
