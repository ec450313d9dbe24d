#include "core/statistics/input_columns.h"

#include <algorithm>

namespace planish {
namespace {

std::int64_t at(const std::vector<std::int64_t>& list, std::size_t i, std::int64_t otherwise) { return i < list.size() ? list[i] : otherwise; }

}  // namespace

std::optional<InputGeometry> geometryOf(const Network& network, const Layer& layer) {
  if (layer.kind == "embedding" || !layer.input.valid()) return std::nullopt;
  const Operation& operation = network.operation(layer.operation);
  InputGeometry geometry;
  geometry.input = layer.input;
  if (operation.type == "Gemm" || operation.type == "MatMul") {
    geometry.transposed = operation.type == "Gemm" && operation.attributes.whole("transA", 0) != 0;
    geometry.columns = layer.columns();
    return geometry;
  }
  const bool transposed = operation.type == "ConvTranspose";
  geometry.kind = transposed ? InputGeometry::Kind::transposedConvolution : InputGeometry::Kind::convolution;
  geometry.groups = layer.groups;
  geometry.columns = layer.columns();
  geometry.kernel.assign(layer.weightShape.dims().begin() + 2, layer.weightShape.dims().end());
  const std::size_t rank = geometry.kernel.size();
  geometry.strides = operation.attributes.wholes("strides", std::vector<std::int64_t>(rank, 1));
  geometry.dilations = operation.attributes.wholes("dilations", std::vector<std::int64_t>(rank, 1));
  geometry.autoPad = operation.attributes.word("auto_pad", "NOTSET");
  geometry.pads = operation.attributes.wholes("pads", std::vector<std::int64_t>(2 * rank, 0));
  if (transposed) {
    geometry.outputPadding = operation.attributes.wholes("output_padding");
    geometry.outputShape = operation.attributes.wholes("output_shape");
  }
  return geometry;
}

InputColumns::InputColumns(const InputGeometry& geometry, const Tensor& value) : m_geometry(geometry), m_values(value.data<float>()) {
  const Shape& shape = value.shape();
  if (geometry.kind == InputGeometry::Kind::rows) {
    const std::int64_t width = shape.rank() == 0 ? 0 : shape[geometry.transposed ? 0 : -1];
    if (width != geometry.columns) throw Error(ErrorKind::invalidInput, "expected vectors of " + std::to_string(geometry.columns) + ", found an input of shape " + shape.text());
    m_rows = value.count() / width;
    return;
  }
  const std::size_t spatial = geometry.kernel.size();
  if (shape.rank() != static_cast<int>(spatial) + 2 || spatial > 3 || spatial < 1)
    throw Error(ErrorKind::unsupported, "input statistics of a convolution need one to three spatial axes, found an input of shape " + shape.text());
  for (std::size_t i = 0; i < spatial; ++i) {
    m_in[3 - spatial + i] = shape[static_cast<int>(i) + 2];
    m_kernel[3 - spatial + i] = geometry.kernel[i];
  }
  m_channels = shape[1];
  m_plane = m_in[0] * m_in[1] * m_in[2];
  if (m_channels % geometry.groups != 0 || m_channels / geometry.groups * m_kernel[0] * m_kernel[1] * m_kernel[2] != geometry.columns)
    throw Error(ErrorKind::invalidInput, "an input of shape " + shape.text() + " does not fit the layer's weight");
  prepareWindow();
  m_rows = shape[0] * m_out[0] * m_out[1] * m_out[2];
}

/// Output sizes and source positions along each axis, as the definitions of Conv and ConvTranspose have them.
void InputColumns::prepareWindow() {
  const std::size_t spatial = m_geometry.kernel.size();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    m_source[axis].assign(1, 0);
    if (axis < 3 - spatial) continue;
    const std::size_t i = axis - (3 - spatial);
    const std::int64_t in = m_in[axis], kernel = m_kernel[axis], stride = at(m_geometry.strides, i, 1), dilation = at(m_geometry.dilations, i, 1);
    const std::int64_t reach = (kernel - 1) * dilation + 1;
    const bool same = m_geometry.autoPad.starts_with("SAME"), transposed = m_geometry.kind == InputGeometry::Kind::transposedConvolution;
    std::int64_t before = m_geometry.autoPad == "NOTSET" ? at(m_geometry.pads, i, 0) : 0;
    const std::int64_t after = m_geometry.autoPad == "NOTSET" ? at(m_geometry.pads, spatial + i, 0) : 0;
    std::int64_t out;
    if (transposed) {
      const std::int64_t extra = at(m_geometry.outputPadding, i, 0), whole = stride * (in - 1) + extra + reach;
      out = i < m_geometry.outputShape.size() ? m_geometry.outputShape[i] : same ? in * stride : whole - before - after;
      if (i < m_geometry.outputShape.size() || same) {
        const std::int64_t total = std::max<std::int64_t>(0, whole - out);
        before = m_geometry.autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      }
    } else if (same) {
      out = (in + stride - 1) / stride;
      const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * stride + reach - in);
      before = m_geometry.autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      out = (in + before + after - reach) / stride + 1;
    }
    if (out < 1) throw Error(ErrorKind::invalidInput, "the layer's window is larger than its input");
    m_out[axis] = out;
    auto& source = m_source[axis];
    source.assign(static_cast<std::size_t>(out * kernel), -1);
    for (std::int64_t o = 0; o < out; ++o)
      for (std::int64_t k = 0; k < kernel; ++k) {
        std::int64_t position = transposed ? o + before - k * dilation : o * stride - before + k * dilation;
        if (transposed) position = position % stride == 0 && position >= 0 ? position / stride : -1;
        if (position >= 0 && position < in) source[static_cast<std::size_t>(o * kernel + k)] = position;
      }
  }
}

void InputColumns::fill(std::int64_t group, std::int64_t first, std::int64_t count, std::span<float> panels) const {
  std::fill(panels.begin() + (this->panels() - 1) * count * kPanel, panels.begin() + this->panels() * count * kPanel, 0.0f);
  if (m_geometry.kind == InputGeometry::Kind::rows) fillRows(first, count, panels);
  else fillWindow(group, first, count, panels);
}

void InputColumns::fillRows(std::int64_t first, std::int64_t count, std::span<float> panels) const {
  const std::int64_t columns = m_geometry.columns;
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t from = m_geometry.transposed ? j * m_rows + first + r : (first + r) * columns + j;
      panels[static_cast<std::size_t>(((j / kPanel) * count + r) * kPanel + j % kPanel)] = m_values[static_cast<std::size_t>(from)];
    }
}

void InputColumns::fillWindow(std::int64_t group, std::int64_t first, std::int64_t count, std::span<float> panels) const {
  const std::int64_t perGroup = m_channels / m_geometry.groups, window = m_kernel[0] * m_kernel[1] * m_kernel[2];
  const std::int64_t outPlane = m_out[0] * m_out[1] * m_out[2];
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(count));  // of each vector's element within a channel, -1 for padding
  for (std::int64_t k = 0; k < window; ++k) {
    const std::int64_t k0 = k / (m_kernel[1] * m_kernel[2]), k1 = k / m_kernel[2] % m_kernel[1], k2 = k % m_kernel[2];
    for (std::int64_t r = 0; r < count; ++r) {
      const std::int64_t row = first + r, sample = row / outPlane, place = row % outPlane;
      const std::int64_t o0 = place / (m_out[1] * m_out[2]), o1 = place / m_out[2] % m_out[1], o2 = place % m_out[2];
      const std::int64_t s0 = m_source[0][static_cast<std::size_t>(o0 * m_kernel[0] + k0)], s1 = m_source[1][static_cast<std::size_t>(o1 * m_kernel[1] + k1)];
      const std::int64_t s2 = m_source[2][static_cast<std::size_t>(o2 * m_kernel[2] + k2)];
      const bool inside = s0 >= 0 && s1 >= 0 && s2 >= 0;
      offsets[static_cast<std::size_t>(r)] = inside ? sample * m_channels * m_plane + (s0 * m_in[1] + s1) * m_in[2] + s2 : -1;
    }
    for (std::int64_t c = 0; c < perGroup; ++c) {
      const std::int64_t j = c * window + k;
      const float* channel = m_values.data() + (group * perGroup + c) * m_plane;
      float* target = panels.data() + (j / kPanel) * count * kPanel + j % kPanel;
      for (std::int64_t r = 0; r < count; ++r) target[r * kPanel] = offsets[static_cast<std::size_t>(r)] < 0 ? 0.0f : channel[offsets[static_cast<std::size_t>(r)]];
    }
  }
}

}  // namespace planish
