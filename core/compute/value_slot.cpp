#include "core/compute/value_slot.h"

#include "core/base/parallel.h"
#include "core/compute/device_library.h"

#include <algorithm>

namespace planish {
namespace {

/// out[column][row] = in[row][column] for rows [from, to).
void transpose(const float* in, float* out, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kTile = 8;
  for (std::int64_t r0 = 0; r0 < rows; r0 += kTile) {
    const std::int64_t r1 = std::min(rows, r0 + kTile);
    for (std::int64_t c = 0; c < columns; ++c)
      for (std::int64_t r = r0; r < r1; ++r) out[c * rows + r] = in[r * columns + c];
  }
}

}  // namespace

void ValueSlot::set(Tensor tensor, std::int64_t counted) {
  m_tensor = std::move(tensor);
  m_other = {};
  m_counted = counted;
}

void ValueSlot::clear() { *this = {}; }

const Tensor& ValueSlot::in(Layout layout, MemoryPool& pool, int threads) {
  if (m_tensor.layout() == layout || m_tensor.shape().rank() < 3) return m_tensor;
  if (!m_other.defined()) m_other = converted(m_tensor, layout, pool, threads);
  return m_other;
}

Tensor converted(const Tensor& tensor, Layout layout, MemoryPool& pool, int threads) {
  const Shape& shape = tensor.shape();
  if (tensor.layout() == layout) return tensor;
  const std::int64_t batch = shape[0], channels = shape[1], inner = shape.count(2, shape.rank());
  if (channels == 1 || inner == 1) return Tensor(tensor.type(), shape, tensor.storage(), layout);
  if (tensor.device().kind != DeviceKind::cpu) return deviceLibrary().engines->converted(tensor, layout);
  if (bitsOf(tensor.type()) != 32) return layout == Layout::plain ? toPlain(tensor) : toChannelsLast(tensor);
  Tensor result = pool.allocate(tensor.type(), shape, layout);
  const auto* in = reinterpret_cast<const float*>(tensor.bytes().data());
  auto* out = reinterpret_cast<float*>(result.writableBytes().data());
  const std::int64_t rows = layout == Layout::channelsLast ? channels : inner, columns = layout == Layout::channelsLast ? inner : channels;
  parallelFor(threads, batch, std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, rows * columns)), [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t b = from; b < to; ++b) transpose(in + b * rows * columns, out + b * rows * columns, rows, columns);
  });
  return result;
}

}  // namespace planish
