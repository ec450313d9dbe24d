#pragma once

#include "core/formats/exporter.h"

namespace planish::onnx {

/// Writes ONNX files: the source file with only what changed replaced. What belongs to compressed layers is
/// stored as weight_forms.h and qdq.h say; the operator sets of the network stay as they are, so that no
/// untouched operation changes its meaning.
class OnnxExporter : public Exporter {
 public:
  /// Tensors go to FILE.data beside the model when the model would have more than `inlineLimit` bytes
  /// (protobuf ends at 2 GiB).
  explicit OnnxExporter(std::int64_t inlineLimit = 1'900'000'000);

  const Declaration& declaration() const override { return m_declaration; }
  std::vector<std::string> suffixes() const override { return {".onnx"}; }
  ExportResult write(const Network& network, const Layers& layers, const CompressedNetwork& compressed,
                     const std::filesystem::path& to, bool force, const Progress& progress) const override;

 private:
  Declaration m_declaration;
  std::int64_t m_inlineLimit;
};

}  // namespace planish::onnx
