#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace planish {

/// Mean of x x^T over the inputs that one group of weights is multiplied by, made ready for many products
/// with rounding errors: d^T H d is the mean square of what these errors do to the layer's output.
class InputMoments {
 public:
  static constexpr std::int64_t kRows = 16;  ///< vectors a product

  InputMoments() = default;
  /// Inputs [first, first + count) of a row-major sum of x x^T over `vectors` inputs, [columns, columns].
  InputMoments(std::span<const double> gram, std::int64_t columns, std::int64_t first, std::int64_t count,
               std::int64_t vectors);

  std::int64_t count() const { return m_count; }
  std::int64_t width() const { return m_width; }  ///< the count, up to a whole panel
  /// Products of the first `rows` of sixteen vectors; `vectors` is [count, 16], one a column; `products` gets
  /// [16, width]. Sums are float32 in a fixed order, the same on every processor.
  void multiply(const float* vectors, std::int64_t rows, float* products) const;
  /// Whether screen() is worth its while: beside few inputs forms() cost no more.
  bool screens() const { return !m_main.empty(); }
  /// What forms() gives, nearly: H is taken for a matrix of rank 16 that has most of it, the means of the
  /// inputs among it, and a diagonal.
  void screen(const float* vectors, std::int64_t rows, double* forms) const;
  /// d^T H d of each of the first `rows` of sixteen vectors d, into `forms`: half the work of the products.
  /// What one vector gets does not depend on the others.
  void forms(const float* vectors, std::int64_t rows, double* forms) const;

 private:
  void findMain();

  std::int64_t m_count = 0, m_width = 0;
  std::vector<float> m_panels;        ///< [width / 16][count][16]
  std::vector<float> m_main, m_rest;  ///< H is nearly main main^T + diag(rest): [count][16], [count]
};

}  // namespace planish
