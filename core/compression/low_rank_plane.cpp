#include "core/compression/low_rank_plane.h"

#include "core/base/error.h"

#include <algorithm>

namespace planish {

LowRankPlane::LowRankPlane(std::shared_ptr<const Plane> left, std::shared_ptr<const Plane> right, Tensor mask, Sparsity sparsity)
    : m_left(std::move(left)), m_right(std::move(right)), m_mask(std::move(mask)), m_sparsity(sparsity) {
  const Shape l = m_left->decode().shape(), r = m_right->decode().shape();
  if (l[1] != r[0]) throw Error(ErrorKind::failed, "factors of shapes " + l.text() + " and " + r.text() + " have no product");
  m_rows = l[0];
  m_columns = r[1];
}

Tensor LowRankPlane::decode() const {
  const Tensor left = m_left->decode(), right = m_right->decode();
  const auto l = left.data<float>();
  const auto r = right.data<float>();
  const auto rank = static_cast<std::size_t>(left.shape()[1]);
  const auto rows = static_cast<std::size_t>(m_rows), columns = static_cast<std::size_t>(m_columns);
  Tensor result(DataType::float32, Shape{m_rows, m_columns});
  auto out = result.writable<float>();
  std::vector<double> sums(columns);
  for (std::size_t row = 0; row < rows; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t k = 0; k < rank; ++k) {
      const double factor = l[row * rank + k];
      const float* from = r.data() + k * columns;
      for (std::size_t c = 0; c < columns; ++c) sums[c] += factor * from[c];
    }
    for (std::size_t c = 0; c < columns; ++c) out[row * columns + c] = static_cast<float>(sums[c]);
  }
  if (m_mask.defined()) {
    const auto stays = m_mask.data<bool>();
    for (std::size_t i = 0; i < out.size(); ++i)
      if (!stays[i]) out[i] = 0;
  }
  return result;
}

Bits LowRankPlane::bits() const {
  const bool ownMask = m_mask.defined() && m_sparsity.kind != Sparsity::Kind::channels;
  return m_left->bits() + m_right->bits() + Bits{ownMask ? maskBits(m_sparsity, m_rows, m_columns) : 0};
}

}  // namespace planish
