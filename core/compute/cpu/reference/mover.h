#pragma once

#include "core/compute/cpu/reference/elements.h"

namespace planish::cpu_reference {

/// Fills output `i` of a call by copying elements of tensors of the same type: numbers of any width, packed ones and text.
class Mover {
 public:
  Mover(KernelCall& call, std::size_t i, DataType type, const Shape& shape) : m_call(call), m_i(i), m_bits(bitsOf(type)), m_shape(shape) {
    if (type == DataType::string) {
      m_strings.resize(static_cast<std::size_t>(shape.count()));
      return;
    }
    m_to = call.makeOutput(i, shape).writableBytes().data();
    if (m_bits < 8) std::fill_n(m_to, call.outputs()[i].byteSize(), std::byte{0});
  }

  /// Elements [from, from + count) of source to [to, to + count).
  void copy(std::int64_t to, const Tensor& source, std::int64_t from, std::int64_t count = 1) {
    if (m_bits == 0) {
      std::copy_n(source.strings().begin() + from, count, m_strings.begin() + to);
    } else if (m_bits >= 8) {
      const std::int64_t bytes = m_bits / 8;
      std::memcpy(m_to + to * bytes, source.bytes().data() + from * bytes, static_cast<std::size_t>(count * bytes));
    } else {
      const auto* bytes = source.bytes().data();
      for (std::int64_t k = 0; k < count; ++k) setCode(to + k, code(bytes, from + k));
    }
  }

  /// Fills the output in row-major order with what is read of source from `offset` on by `strides`, one per axis of `shape`,
  /// which is the output's shape or a finer division of it.
  void copyStrided(const Tensor& source, const Shape& shape, const std::vector<std::int64_t>& strides, std::int64_t offset = 0) {
    switch (m_bits) {
      case 8: return copyTyped<std::uint8_t>(source, shape, strides, offset);
      case 16: return copyTyped<std::uint16_t>(source, shape, strides, offset);
      case 32: return copyTyped<std::uint32_t>(source, shape, strides, offset);
      case 64: return copyTyped<std::uint64_t>(source, shape, strides, offset);
      default: walk(shape, strides, offset, [&](std::int64_t to, std::int64_t from) { copy(to, source, from); });
    }
  }

  /// Hands text over; numbers are in place already. Call it last.
  void finish() {
    if (m_bits == 0) m_call.setOutput(m_i, Tensor::ofStrings(m_shape, std::move(m_strings)));
  }

 private:
  template <typename T>
  void copyTyped(const Tensor& source, const Shape& shape, const std::vector<std::int64_t>& strides, std::int64_t offset) {
    const T* from = reinterpret_cast<const T*>(source.bytes().data());
    T* to = reinterpret_cast<T*>(m_to);
    walkRuns<1>(shape, {strides}, {offset}, [&](std::int64_t at, const auto& offsets, const auto& step, std::int64_t run) {
      const T* in = from + offsets[0];
      for (std::int64_t i = 0; i < run; ++i) to[at + i] = in[i * step[0]];
    });
  }

  unsigned code(const std::byte* bytes, std::int64_t i) const {
    const std::int64_t at = i * m_bits;
    return (std::to_integer<unsigned>(bytes[at / 8]) >> (at % 8)) & ((1u << m_bits) - 1);
  }
  void setCode(std::int64_t i, unsigned value) {
    const std::int64_t at = i * m_bits;
    const unsigned mask = ((1u << m_bits) - 1) << (at % 8);
    m_to[at / 8] = std::byte(static_cast<std::uint8_t>((std::to_integer<unsigned>(m_to[at / 8]) & ~mask) | (value << (at % 8))));
  }

  KernelCall& m_call;
  std::size_t m_i;
  int m_bits;
  Shape m_shape;
  std::byte* m_to = nullptr;
  std::vector<std::string> m_strings;
};

}  // namespace planish::cpu_reference
