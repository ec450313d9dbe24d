#include "core/statistics/input_columns.h"

#include <algorithm>
#include <limits>

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
  std::array<std::vector<std::int64_t>, 3> sources;  // of each axis, [out * kernel]: input position, -1 for padding
  for (std::size_t axis = 0; axis < 3; ++axis) {
    sources[axis].assign(1, 0);
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
    auto& source = sources[axis];
    source.assign(static_cast<std::size_t>(out * kernel), -1);
    for (std::int64_t o = 0; o < out; ++o)
      for (std::int64_t k = 0; k < kernel; ++k) {
        std::int64_t position = transposed ? o + before - k * dilation : o * stride - before + k * dilation;
        if (transposed) position = position % stride == 0 && position >= 0 ? position / stride : -1;
        if (position >= 0 && position < in) source[static_cast<std::size_t>(o * kernel + k)] = position;
      }
  }
  if (m_plane > std::numeric_limits<std::int32_t>::max()) throw Error(ErrorKind::invalidInput, "a channel of the layer's input has over 2^31 elements");
  const std::int64_t places = m_out[0] * m_out[1] * m_out[2], window = m_kernel[0] * m_kernel[1] * m_kernel[2];
  m_sources.reserve(static_cast<std::size_t>(window * places));
  for (std::int64_t k = 0; k < window; ++k) {
    const std::array<std::int64_t, 3> of{k / (m_kernel[1] * m_kernel[2]), k / m_kernel[2] % m_kernel[1], k % m_kernel[2]};
    const auto at = [&](std::size_t axis, std::int64_t o) { return sources[axis][static_cast<std::size_t>(o * m_kernel[axis] + of[axis])]; };
    for (std::int64_t o0 = 0; o0 < m_out[0]; ++o0)
      for (std::int64_t o1 = 0; o1 < m_out[1]; ++o1)
        for (std::int64_t o2 = 0; o2 < m_out[2]; ++o2) {
          const bool inside = at(0, o0) >= 0 && at(1, o1) >= 0 && at(2, o2) >= 0;
          m_sources.push_back(inside ? static_cast<std::int32_t>((at(0, o0) * m_in[1] + at(1, o1)) * m_in[2] + at(2, o2)) : -1);
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
  const std::int64_t places = m_out[0] * m_out[1] * m_out[2];
  for (std::int64_t r = 0; r < count;) {
    // The vectors of one sample lie behind one another.
    const std::int64_t sample = (first + r) / places, place = (first + r) % places, here = std::min(places - place, count - r);
    const float* channels = m_values.data() + (sample * m_channels + group * perGroup) * m_plane;
    for (std::int64_t j = 0; j < perGroup * window; ++j) {
      const float* channel = channels + j / window * m_plane;
      const std::int32_t* sources = m_sources.data() + j % window * places + place;
      float* target = panels.data() + ((j / kPanel) * count + r) * kPanel + j % kPanel;
      for (std::int64_t i = 0; i < here; ++i) target[i * kPanel] = sources[i] < 0 ? 0.0f : channel[sources[i]];
    }
    r += here;
  }
}

}  // namespace planish
