#include "core/base/parallel.h"
#include "core/compute/kernel_registry.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace planish::cpu {
namespace {

/// One dimension of the output, outermost first, with its step in the input.
struct Axis {
  std::int64_t size, step;
};

/// Neighbours that stay neighbours become one.
std::vector<Axis> axesOf(const Shape& shape, const std::vector<std::int64_t>& permutation) {
  const auto strides = shape.strides();
  std::vector<Axis> axes;
  for (const std::int64_t from : permutation) {
    const Axis axis{shape[static_cast<int>(from)], strides[static_cast<std::size_t>(from)]};
    if (axis.size == 1) continue;
    if (!axes.empty() && axes.back().step == axis.size * axis.step) axes.back() = {axes.back().size * axis.size, axis.step};
    else axes.push_back(axis);
  }
  if (axes.empty()) axes.push_back({1, 1});
  return axes;
}

std::int64_t offsetOf(const std::vector<Axis>& axes, std::size_t count, std::int64_t index) {
  std::int64_t offset = 0;
  for (std::size_t i = count; i-- > 0;) {
    offset += index % axes[i].size * axes[i].step;
    index /= axes[i].size;
  }
  return offset;
}

/// The innermost axis is not contiguous in the input: tiles of two axes, so that both sides are read and written by whole lines.
void copyTiles(const std::uint32_t* in, std::uint32_t* out, const Axis& outer, const Axis& inner) {
  constexpr std::int64_t kTile = 8;
  for (std::int64_t o = 0; o < outer.size; o += kTile) {
    const std::int64_t last = std::min(outer.size, o + kTile);
    for (std::int64_t i = 0; i < inner.size; ++i)
      for (std::int64_t k = o; k < last; ++k) out[k * inner.size + i] = in[k * outer.step + i * inner.step];
  }
}

void runTranspose(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.makeOutput(0);
  const int rank = input.shape().rank();
  auto permutation = call.attributes().wholes("perm");
  if (permutation.empty())
    for (int i = rank; i-- > 0;) permutation.push_back(i);
  const auto axes = axesOf(input.shape(), permutation);
  const auto* in = reinterpret_cast<const std::uint32_t*>(input.bytes().data());
  auto* out = reinterpret_cast<std::uint32_t*>(output.writableBytes().data());
  const bool runs = axes.back().step == 1;
  const std::size_t walked = axes.size() - std::min<std::size_t>(axes.size(), runs ? 1 : 2);
  std::int64_t piece = 1, pieces = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) (i < walked ? pieces : piece) *= axes[i].size;
  parallelFor(call.context().threads, pieces, std::max<std::int64_t>(1, 32768 / piece), [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t p = from; p < to; ++p) {
      const std::uint32_t* source = in + offsetOf(axes, walked, p);
      if (runs) std::memcpy(out + p * piece, source, static_cast<std::size_t>(piece) * sizeof(std::uint32_t));
      else copyTiles(source, out + p * piece, axes.size() > 1 ? axes[axes.size() - 2] : Axis{1, 0}, axes.back());
    }
  });
}

std::string declines(const KernelQuery& query) {
  if (bitsOf(query.inputs[0]->type) != 32) return "takes elements of 32 bits";
  return query.inputs[0]->shape.count() == 0 ? "takes no empty tensors" : "";
}

}  // namespace

void transpose(KernelRegistry& registry) {
  registry.add({.type = "Transpose", .domain = "", .name = "tiled", .declines = declines, .run = runTranspose});
}

}  // namespace planish::cpu
