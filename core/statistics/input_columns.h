#pragma once

#include "core/network/layer.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace planish {

/// How a layer reads its input value: layers with equal geometry have the same input statistics.
struct InputGeometry {
  enum class Kind : std::uint8_t { rows, convolution, transposedConvolution };
  ValueId input;
  Kind kind = Kind::rows;
  bool transposed = false;  ///< Gemm with transA: vectors are columns of the input
  std::int64_t groups = 1;
  std::int64_t columns = 0;  ///< weights that one output sums over, per group
  std::vector<std::int64_t> kernel, strides, dilations, pads, outputPadding, outputShape;
  std::string autoPad;
  auto operator<=>(const InputGeometry&) const = default;
};

/// nullopt for embeddings, which have no input vectors.
std::optional<InputGeometry> geometryOf(const Network& network, const Layer& layer);

/// The vectors x that each output of a layer is a product with: rows of the last axis for matrix products, im2col columns for
/// convolutions, in the order of toMatrix().
class InputColumns {
 public:
  /// Elements of a panel's row; the last panel of a vector is filled with zeros.
  static constexpr std::int64_t kPanel = 16;

  /// `value`: float32, plain, [samples, channels, spatial...] or [..., columns]; must outlive this. Throws Error(invalidInput).
  InputColumns(const InputGeometry& geometry, const Tensor& value);

  std::int64_t rows() const { return m_rows; }  ///< vectors of one group
  std::int64_t panels() const { return (m_geometry.columns + kPanel - 1) / kPanel; }
  /// Vectors [first, first + count) of a group as panels [panels, count, 16]: element j of vector r stands at ((j / 16) * count + r) * 16 + j % 16.
  void fill(std::int64_t group, std::int64_t first, std::int64_t count, std::span<float> panels) const;

 private:
  void prepareWindow();
  void fillRows(std::int64_t first, std::int64_t count, std::span<float> panels) const;
  void fillWindow(std::int64_t group, std::int64_t first, std::int64_t count, std::span<float> panels) const;

  const InputGeometry& m_geometry;
  std::span<const float> m_values;
  std::int64_t m_rows = 0;
  std::int64_t m_channels = 0, m_plane = 0;                ///< channels of the value, elements of one channel
  std::array<std::int64_t, 3> m_in{1, 1, 1}, m_out{1, 1, 1}, m_kernel{1, 1, 1};
  std::vector<std::int32_t> m_sources;                      ///< [kernel, out]: place within a channel that a vector's element has, -1 for padding
};

}  // namespace planish
