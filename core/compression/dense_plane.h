#pragma once

#include "core/compression/element_storage.h"

#include <array>

namespace planish {

/// Floating elements, with scales for the 8- and 4-bit ones: weight = scale * element, computed in float32.
class DensePlane : public Plane {
 public:
  struct Parts {
    NumberFormat format = NumberFormat::fp32;  ///< keep (stored as float32), fp32, fp16, bf16, fp8e4m3, fp8e5m2, fp4e2m1 or nf4
    /// [rows, columns] of elementType(format); nf4: uint4 indices into nf4Table().
    Tensor elements = {};
    std::int64_t group = 0;     ///< of formats with scales, as in CodePlane::group()
    std::vector<float> scales = {};  ///< as in CodePlane::scales(); empty for 16- and 32-bit formats
    Tensor mask = {};
    Sparsity sparsity = {};
    StorageRules storage = {};
  };
  /// Throws Error(failed) if sizes or types disagree.
  explicit DensePlane(Parts parts);

  std::string kind() const override { return "dense"; }
  Tensor decode() const override;
  Bits bits() const override;

  NumberFormat format() const { return m_parts.format; }
  std::int64_t rows() const { return m_parts.elements.shape()[0]; }
  std::int64_t columns() const { return m_parts.elements.shape()[1]; }
  std::int64_t group() const { return m_parts.group; }
  std::int64_t groupsPerRow() const { return m_parts.group == 0 ? 1 : (columns() + m_parts.group - 1) / m_parts.group; }
  const Tensor& elements() const { return m_parts.elements; }
  const std::vector<float>& scales() const { return m_parts.scales; }
  const Tensor& mask() const { return m_parts.mask; }
  const Parts& parts() const { return m_parts; }

 private:
  Parts m_parts;
};

/// What a format's elements are stored as. Throws Error(failed) for formats that are not dense.
DataType elementType(NumberFormat format);
/// The 16 levels of NormalFloat-4 (QLoRA), ascending from -1 to 1.
const std::array<float, 16>& nf4Table();

}  // namespace planish
