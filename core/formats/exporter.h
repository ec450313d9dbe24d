#pragma once

#include "core/base/progress.h"
#include "core/base/units.h"
#include "core/compression/compressed_network.h"
#include "core/network/layer.h"
#include "core/parameters/declaration.h"

#include <filesystem>

namespace planish {

/// What a runtime can store and run: "onnxruntime", "any". Menus offer only what it accepts. Registered by plugins/formats.
class TargetProfile {
 public:
  virtual ~TargetProfile() = default;
  virtual const Declaration& declaration() const = 0;
  /// Empty if the runtime takes this setting for this layer, else the reason in one sentence.
  virtual std::string refuses(const Network& network, const Layer& layer, const Setting& setting) const = 0;
  virtual StorageRules storage() const = 0;
  /// Id of the exporter that writes for it; empty for "any".
  virtual std::string exporter() const = 0;
};

struct ExportResult {
  std::vector<std::filesystem::path> files;  ///< the first is the one to open
  Bytes bytes;                               ///< of all files
  Bytes weightBytes;                         ///< of the compressed layers' payload in them; equals the plan's
};

/// Writes network files of one format. Registered by plugins/formats.
class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual const Declaration& declaration() const = 0;
  virtual std::vector<std::string> suffixes() const = 0;
  /// Written beside and renamed. Refuses to overwrite the network's own file (also through links) and, unless `force`, any file:
  /// Error(notWritable). Throws Error(unsupported) for what refuses() named.
  virtual ExportResult write(const Network& network, const Layers& layers, const CompressedNetwork& compressed, const std::filesystem::path& to,
                             bool force, const Progress& progress) const = 0;
};

}  // namespace planish
