#pragma once

#include "core/formats/exporter.h"

namespace planish {

/// What ONNX Runtime's CPU kernels (seen with 1.31) load and run from a file that the exporter "onnx" writes.
class OnnxRuntimeTarget : public TargetProfile {
 public:
  OnnxRuntimeTarget();
  const Declaration& declaration() const override { return m_declaration; }
  std::string refuses(const Network& network, const Layer& layer, const Setting& setting) const override;
  /// Scales are float32, zero points are stored, 4-bit codes two to a byte, pruned weights as zeros: runtimes
  /// make them dense anyway.
  StorageRules storage() const override;
  std::string exporter() const override { return "onnx"; }

 private:
  Declaration m_declaration;
};

}  // namespace planish
