#pragma once

#include "core/compute/cuda/kernels/product.h"

namespace planish::cuda {

struct PatchesOnDevice {
  PatchSizes size;
  FastDivisor channels, kernelWidth, outWidth, outHeight;
};

inline PatchesOnDevice onDevice(const PatchSizes& size) {
  return {size, FastDivisor(size.channels > 0 ? size.channels : 1), FastDivisor(size.kernelWidth > 0 ? size.kernelWidth : 1), FastDivisor(size.outWidth > 0 ? size.outWidth : 1),
          FastDivisor(size.outHeight > 0 ? size.outHeight : 1)};
}

/// Where one row of the left matrix is read.
template <typename T, bool kPatches>
struct RowSource;

template <typename T>
struct RowSource<T, false> {
  const T* row;
  bool inside;
  __device__ __forceinline__ void at(const T* a, std::int64_t stride, std::int64_t m, std::int64_t rows, const PatchesOnDevice&) {
    inside = m < rows;
    row = a + (inside ? m : 0) * stride;
  }
  /// nullptr where there is nothing but zeros.
  __device__ __forceinline__ const T* element(int k, int depth, const PatchesOnDevice&) const { return inside && k < depth ? row + k : nullptr; }
};

template <typename T>
struct RowSource<T, true> {
  const T* picture;
  int y, x;
  bool inside;
  __device__ __forceinline__ void at(const T* a, std::int64_t, std::int64_t m, std::int64_t rows, const PatchesOnDevice& p) {
    inside = m < rows;
    const auto position = static_cast<std::uint32_t>(inside ? m : 0);
    const std::uint32_t line = p.outWidth.quotient(position), ox = position - line * p.outWidth.divisor;
    const std::uint32_t n = p.outHeight.quotient(line), oy = line - n * p.outHeight.divisor;
    picture = a + std::int64_t(n) * p.size.height * p.size.width * p.size.pictureChannels;
    y = static_cast<int>(oy) * p.size.strideY - p.size.top;
    x = static_cast<int>(ox) * p.size.strideX - p.size.left;
  }
  __device__ __forceinline__ const T* element(int k, int depth, const PatchesOnDevice& p) const {
    if (!inside || k >= depth) return nullptr;
    const std::uint32_t tap = p.channels.quotient(static_cast<std::uint32_t>(k)), c = static_cast<std::uint32_t>(k) - tap * p.channels.divisor;
    const std::uint32_t ky = p.kernelWidth.quotient(tap), kx = tap - ky * p.kernelWidth.divisor;
    const int iy = y + static_cast<int>(ky) * p.size.dilationY, ix = x + static_cast<int>(kx) * p.size.dilationX;
    if (iy < 0 || iy >= p.size.height || ix < 0 || ix >= p.size.width) return nullptr;
    return picture + (std::int64_t(iy) * p.size.width + ix) * p.size.pictureChannels + c;
  }
};

/// What the kernels of products receive.
struct ProductOnDevice {
  int rows, columns, depth, inner;
  std::int64_t aStride, bStride, outStride, aOuter, aInner, bOuter, bInner, outOuter, outInner, biasInner;
  std::int64_t firstStack;
  const float* bias;
  bool wideOut;  ///< results may be written in whole vectors
  PatchesOnDevice patches;
};

inline ProductOnDevice onDevice(const Product& p, std::int64_t firstStack, bool wideOut) {
  return {static_cast<int>(p.rows), static_cast<int>(p.columns), static_cast<int>(p.depth), static_cast<int>(p.inner), p.aStride, p.bStride, p.outStride, p.aOuter, p.aInner,
          p.bOuter, p.bInner, p.outOuter, p.outInner, p.biasInner, firstStack, p.bias, wideOut, onDevice(p.patch)};
}

/// Whether every vector of `width` elements that a product reads or writes is aligned.
struct Alignment {
  bool in, out;
};
inline Alignment alignmentOf(const Product& p, std::int64_t width, std::int64_t bytes) {
  const auto whole = [&](const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % static_cast<std::uintptr_t>(width * bytes) == 0; };
  const auto steps = [&](std::initializer_list<std::int64_t> list) {
    for (const std::int64_t step : list)
      if (step % width != 0) return false;
    return true;
  };
  Alignment result{};
  result.in = whole(p.a) && whole(p.b) && steps({p.aOuter, p.aInner, p.bOuter, p.bInner, p.bStride, p.depth}) &&
              (p.patches ? steps({p.patch.channels, p.patch.pictureChannels}) : steps({p.aStride}));
  result.out = whole(p.out) && (!p.residual || whole(p.residual)) && steps({p.outOuter, p.outInner, p.outStride, p.columns});
  return result;
}

}  // namespace planish::cuda
