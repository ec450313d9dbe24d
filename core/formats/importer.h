#pragma once

#include "core/base/progress.h"
#include "core/network/network.h"
#include "core/parameters/declaration.h"

#include <filesystem>
#include <memory>

namespace planish {

/// What importers do about files that may be damaged: the user's setting.
struct ImportRules {
  /// Weights that do not have the checksum which the network keeps of them: refused, however long it takes to read them all;
  /// else a notice, and large files are not read for it.
  bool refuseWrongChecksums = false;
};

/// Reads network files of one format. Registered by plugins/formats.
class Importer {
 public:
  virtual ~Importer() = default;
  virtual const Declaration& declaration() const = 0;
  virtual std::vector<std::string> suffixes() const = 0;  ///< ".onnx"
  /// Cheap look at name and first bytes.
  virtual bool canOpen(const std::filesystem::path& path) const = 0;
  /// Weights are read lazily where the format allows. Throws Error(invalidInput) for what is damaged or hostile.
  virtual std::shared_ptr<const Network> open(const std::filesystem::path& path, const Progress& progress, const ImportRules& rules = {}) const = 0;
};

}  // namespace planish
