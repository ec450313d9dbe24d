#pragma once

#include "core/base/progress.h"
#include "core/network/network.h"
#include "core/parameters/declaration.h"

#include <filesystem>
#include <memory>

namespace planish {

/// Reads network files of one format. Registered by plugins/formats.
class Importer {
 public:
  virtual ~Importer() = default;
  virtual const Declaration& declaration() const = 0;
  virtual std::vector<std::string> suffixes() const = 0;  ///< ".onnx"
  /// Cheap look at name and first bytes.
  virtual bool canOpen(const std::filesystem::path& path) const = 0;
  /// Weights are read lazily where the format allows. Throws Error(invalidInput) for what is damaged or hostile.
  virtual std::shared_ptr<const Network> open(const std::filesystem::path& path, const Progress& progress) const = 0;
};

}  // namespace planish
