#pragma once

#include "core/compression/element_storage.h"

namespace planish {

/// Integer codes with scales: weight = scale * (code - zero point), computed in float32.
class CodePlane : public Plane {
 public:
  struct Parts {
    NumberFormat format = NumberFormat::integer;  ///< integer or unsignedInteger
    int bits = 8;
    std::int64_t rows = 0, columns = 0, group = 0;
    std::vector<std::int16_t> codes = {};
    std::vector<float> scales = {};
    std::vector<std::int16_t> zeroPoints = {};
    Tensor mask = {};
    Sparsity sparsity = {};
    StorageRules storage = {};
  };
  /// Throws Error(failed) if sizes or code ranges disagree.
  explicit CodePlane(Parts parts);

  std::string kind() const override { return "codes"; }
  Tensor decode() const override;
  Bits bits() const override;

  NumberFormat format() const { return m_parts.format; }
  int codeBits() const { return m_parts.bits; }
  std::int64_t rows() const { return m_parts.rows; }
  std::int64_t columns() const { return m_parts.columns; }
  /// Columns that one scale covers: `columns()` per output channel, 0 for one scale of the whole tensor. The last group of a row may be shorter.
  std::int64_t group() const { return m_parts.group; }
  std::int64_t groupsPerRow() const { return m_parts.group == 0 ? 1 : (m_parts.columns + m_parts.group - 1) / m_parts.group; }
  /// [rows * columns]: signed codes -2^(b-1)..2^(b-1)-1 of integer, 0..2^b-1 of unsignedInteger.
  const std::vector<std::int16_t>& codes() const { return m_parts.codes; }
  /// [rows * groupsPerRow()], or [1] per tensor; rounded to StorageRules::scaleBits.
  const std::vector<float>& scales() const { return m_parts.scales; }
  /// Of unsignedInteger, one a scale; empty for integer.
  const std::vector<std::int16_t>& zeroPoints() const { return m_parts.zeroPoints; }
  /// boolean [rows, columns], true where a weight stays; undefined: all stay. Codes of dropped weights stand for 0.
  const Tensor& mask() const { return m_parts.mask; }
  const Parts& parts() const { return m_parts; }

 private:
  Parts m_parts;
};

}  // namespace planish
