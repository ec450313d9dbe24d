#pragma once

#include "core/formats/importer.h"

namespace planish::onnx {

/// Newest versions whose meaning this program knows; newer files open with a notice.
inline constexpr std::int64_t kNewestIrVersion = 14, kNewestOpset = 28, kOldestOpset = 7;

/// ONNX files, by bounds-checked reading of their protobuf messages.
///
/// Weights inside the file are taken over without a copy; weights in external files are read when they are first used. Constant
/// operations become weights (Value::constantNode() says which they were), so that a MatMul with such a weight is a layer;
/// an exporter that copies the file's nodes must keep those whose output it still needs. Functions of the file are put in
/// place of their calls, those operations have source -1. The fingerprint is the SHA-256 of the file; with external data, of
/// that digest and of each file's location, size, first and last MiB.
class OnnxImporter : public Importer {
 public:
  const Declaration& declaration() const override;
  std::vector<std::string> suffixes() const override { return {".onnx"}; }
  bool canOpen(const std::filesystem::path& path) const override;
  std::shared_ptr<const Network> open(const std::filesystem::path& path, const Progress& progress, const ImportRules& rules = {}) const override;
};

}  // namespace planish::onnx
