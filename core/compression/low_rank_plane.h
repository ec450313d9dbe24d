#pragma once

#include "core/compression/element_storage.h"

namespace planish {

/// The product of two planes, left [rows, rank] and right [rank, columns], under a mask where single weights are pruned too.
class LowRankPlane : public Plane {
 public:
  /// Throws Error(failed) if the factors do not fit.
  LowRankPlane(std::shared_ptr<const Plane> left, std::shared_ptr<const Plane> right, Tensor mask = {}, Sparsity sparsity = {});

  std::string kind() const override { return "low-rank"; }
  /// Sums over the rank run in float64 in ascending order and are rounded once.
  Tensor decode() const override;
  /// Of both factors and of the mask (maskBits; whole channels cost nothing: their rows of the left factor are left out).
  Bits bits() const override;

  /// The same product with another left factor of the same shape.
  std::shared_ptr<const LowRankPlane> withLeft(std::shared_ptr<const Plane> left) const {
    return std::make_shared<LowRankPlane>(std::move(left), m_right, m_mask, m_sparsity);
  }

  const Plane& left() const { return *m_left; }
  const Plane& right() const { return *m_right; }
  const Sparsity& sparsity() const { return m_sparsity; }
  const Tensor& mask() const { return m_mask; }

 private:
  std::shared_ptr<const Plane> m_left, m_right;
  std::int64_t m_rows = 0, m_columns = 0;
  Tensor m_mask;
  Sparsity m_sparsity;
};

}  // namespace planish
