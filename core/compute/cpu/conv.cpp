#include "core/compute/cpu/conv.h"

#include "core/base/parallel.h"
#include "core/compute/cpu/support/activations.h"
#include "core/compute/cpu/support/bottleneck.h"
#include "core/compute/cpu/support/depthwise.h"
#include "core/compute/cpu/support/packed_product.h"
#include "core/compute/kernel_registry.h"
#include "core/compute/operation_cache.h"
#include "core/compute/operations/window.h"

#include <algorithm>
#include <cmath>
#include <list>

namespace planish::cpu {
namespace {

constexpr const char* kName = "packed";

ConvolutionGeometry geometryOf(const Attributes& attributes, const Shape& in, const Shape& weight) {
  const auto w = operations::slidingWindow(attributes, in, {weight.dims().begin() + 2, weight.dims().end()}).inThree();
  ConvolutionGeometry g;
  g.batch = in[0];
  g.channels = in[1];
  g.outputs = weight[0];
  g.groups = attributes.whole("group", 1);
  g.height = w.input[1];
  g.width = w.input[2];
  g.outHeight = w.output[1];
  g.outWidth = w.output[2];
  g.kernelHeight = w.kernel[1];
  g.kernelWidth = w.kernel[2];
  g.strideY = w.strides[1];
  g.strideX = w.strides[2];
  g.dilationY = w.dilations[1];
  g.dilationX = w.dilations[2];
  g.padTop = w.before[1];
  g.padLeft = w.before[2];
  return g;
}

bool isDepthwise(const ConvolutionGeometry& g) { return g.groups == g.channels && g.outputs == g.channels; }

/// Weights as the inner loops want them, with a normalization multiplied in.
struct Prepared {
  std::vector<TensorIdentity> identity;
  double epsilon = 0;
  bool pieceIsRow = false;            ///< a piece of the left matrix is a row of taps, not a single tap
  std::vector<PackedMatrix> groups;   ///< depth: taps, then channels; empty if depthwise
  AlignedFloats depthwise;            ///< [taps, channels]
  std::vector<AlignedFloats> biases;  ///< one for each group, filled up to whole panels
};

class ConvolutionState : public KernelState {
 public:
  const ConvolutionGeometry& geometry(const KernelCall& call);
  const Prepared& prepared(const KernelCall& call, const ConvolutionGeometry& geometry);

 private:
  Shape m_input, m_weight;  ///< that m_geometry was found for
  ConvolutionGeometry m_geometry;
  /// The network's own weights and a candidate's.
  static constexpr std::size_t kKept = 2;
  std::list<Prepared> m_prepared;
};

/// Factor and summand of each output channel, in double precision.
struct Affine {
  std::vector<double> factor, summand;
};

Affine affineOf(const KernelCall& call, const ConvolutionGeometry& g) {
  const auto outputs = static_cast<std::size_t>(g.outputs);
  Affine affine{std::vector<double>(outputs, 1), std::vector<double>(outputs, 0)};
  if (call.hasInput(2)) {
    const auto bias = call.input(2).data<float>();
    std::copy(bias.begin(), bias.end(), affine.summand.begin());
  }
  if (!call.epilogue() || !call.epilogue()->normalization) return affine;
  const auto& normalization = *call.epilogue()->normalization;
  const auto scale = normalization.scale->data<float>(), shift = normalization.shift->data<float>();
  const auto mean = normalization.mean->data<float>(), variance = normalization.variance->data<float>();
  for (std::size_t o = 0; o < outputs; ++o) {
    affine.factor[o] = scale[o] / std::sqrt(variance[o] + normalization.epsilon);
    affine.summand[o] = shift[o] + (affine.summand[o] - mean[o]) * affine.factor[o];
  }
  return affine;
}

Prepared prepare(const KernelCall& call, const ConvolutionGeometry& g) {
  Prepared prepared;
  const Affine affine = affineOf(call, g);
  const float* weight = call.input(1).data<float>().data();
  const std::int64_t taps = g.kernelHeight * g.kernelWidth, inputs = g.channels / g.groups, outputs = g.outputs / g.groups;
  if (isDepthwise(g)) {
    prepared.depthwise.reserve(taps * g.channels);
    for (std::int64_t tap = 0; tap < taps; ++tap)
      for (std::int64_t c = 0; c < g.channels; ++c)
        prepared.depthwise.data()[tap * g.channels + c] = static_cast<float>(weight[c * taps + tap] * affine.factor[static_cast<std::size_t>(c)]);
  } else {
    prepared.pieceIsRow = g.groups == 1 && g.dilationX == 1;
    std::vector<float> sorted(static_cast<std::size_t>(taps * inputs * outputs));
    for (std::int64_t group = 0; group < g.groups; ++group) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        const double factor = affine.factor[static_cast<std::size_t>(group * outputs + o)];
        const float* filter = weight + (group * outputs + o) * inputs * taps;
        float* to = sorted.data() + o * taps * inputs;
        for (std::int64_t c = 0; c < inputs; ++c)
          for (std::int64_t tap = 0; tap < taps; ++tap) to[tap * inputs + c] = static_cast<float>(filter[c * taps + tap] * factor);
      }
      pack(sorted.data(), taps * inputs, outputs, 1, taps * inputs, prepared.groups.emplace_back());
    }
  }
  const std::int64_t biasGroups = isDepthwise(g) ? 1 : g.groups, biasCount = g.outputs / biasGroups;
  for (std::int64_t group = 0; group < biasGroups; ++group) {
    auto& bias = prepared.biases.emplace_back((biasCount + kPanelColumns - 1) / kPanelColumns * kPanelColumns);
    std::fill_n(bias.data(), bias.count(), 0.0F);
    for (std::int64_t o = 0; o < biasCount; ++o) bias.data()[o] = static_cast<float>(affine.summand[static_cast<std::size_t>(group * biasCount + o)]);
  }
  return prepared;
}

const ConvolutionGeometry& ConvolutionState::geometry(const KernelCall& call) {
  const Shape &input = call.input(0).shape(), &weight = call.input(1).shape();
  if (input != m_input || weight != m_weight) {
    m_geometry = geometryOf(call.attributes(), input, weight);
    m_input = input;
    m_weight = weight;
  }
  return m_geometry;
}

const Prepared& ConvolutionState::prepared(const KernelCall& call, const ConvolutionGeometry& geometry) {
  std::vector<const Tensor*> parts{&call.input(1), call.hasInput(2) ? &call.input(2) : nullptr};
  double epsilon = 0;
  if (call.epilogue() && call.epilogue()->normalization) {
    const auto& normalization = *call.epilogue()->normalization;
    parts.insert(parts.end(), {normalization.scale, normalization.shift, normalization.mean, normalization.variance});
    epsilon = normalization.epsilon;
  }
  for (auto it = m_prepared.begin(); it != m_prepared.end(); ++it) {
    bool same = it->identity.size() == parts.size() && it->epsilon == epsilon;
    for (std::size_t i = 0; same && i < parts.size(); ++i) same = it->identity[i].matches(parts[i]);
    if (!same) continue;
    m_prepared.splice(m_prepared.begin(), m_prepared, it);
    return m_prepared.front();
  }
  Prepared made = prepare(call, geometry);
  for (const Tensor* part : parts) made.identity.emplace_back(part);
  made.epsilon = epsilon;
  m_prepared.push_front(std::move(made));
  if (m_prepared.size() > kKept) m_prepared.pop_back();
  return m_prepared.front();
}

/// Finds for each output position the pieces of the input that its filter lies on.
class Gather {
 public:
  Gather(const ConvolutionGeometry& g, bool pieceIsRow, std::int64_t block)
      : m_g(g), m_row(pieceIsRow), m_onePixel(isOnePixel(g)), m_inputs(g.channels / g.groups), m_segments(pieceIsRow ? g.kernelHeight : g.kernelHeight * g.kernelWidth),
        m_length(pieceIsRow ? g.kernelWidth * g.channels : m_inputs), m_zeros(m_length), m_patches(pieceIsRow && overlaps(g) ? block * m_segments * m_length : 0),
        m_pointers(static_cast<std::size_t>((block + kTileRows - 1) / kTileRows * kTileRows * m_segments)) {
    std::fill_n(m_zeros.data(), m_length, 0.0F);
  }

  /// Rows [first, first + count) of the output, which are pictures, then heights, then widths.
  ProductRows rows(const float* in, std::int64_t group, std::int64_t first, std::int64_t count) {
    const std::int64_t padded = (count + kTileRows - 1) / kTileRows * kTileRows;
    if (m_onePixel) {
      const float* base = in + first * m_g.channels + group * m_inputs;
      for (std::int64_t r = 0; r < padded; ++r) m_pointers[static_cast<std::size_t>(r)] = base + std::min(r, count - 1) * m_g.channels;
      return {count, m_segments, m_length, m_pointers.data()};
    }
    std::int64_t x = first % m_g.outWidth, y = first / m_g.outWidth % m_g.outHeight, picture = first / m_g.outWidth / m_g.outHeight;
    for (std::int64_t r = 0; r < padded; ++r) {
      const float** to = m_pointers.data() + r / kTileRows * m_segments * kTileRows + r % kTileRows;
      if (r >= count) {
        for (std::int64_t s = 0; s < m_segments; ++s) to[s * kTileRows] = m_zeros.data();
        continue;
      }
      const float* base = in + picture * m_g.height * m_g.width * m_g.channels + group * m_inputs;
      if (m_row) rowPieces(base, y, x, r, to);
      else tapPieces(base, y, x, to);
      if (++x < m_g.outWidth) continue;
      x = 0;
      if (++y < m_g.outHeight) continue;
      y = 0;
      ++picture;
    }
    return {count, m_segments, m_length, m_pointers.data()};
  }

 private:
  /// Each output position reads the input position of the same number.
  static bool isOnePixel(const ConvolutionGeometry& g) {
    return g.kernelHeight == 1 && g.kernelWidth == 1 && g.strideY == 1 && g.strideX == 1 && g.padTop == 0 && g.padLeft == 0 && g.outHeight == g.height &&
           g.outWidth == g.width;
  }

  /// Whether any filter lies partly beside the input along its width.
  static bool overlaps(const ConvolutionGeometry& g) {
    return g.padLeft > 0 || (g.outWidth - 1) * g.strideX - g.padLeft + g.kernelWidth > g.width;
  }

  void tapPieces(const float* base, std::int64_t y, std::int64_t x, const float** to) const {
    for (std::int64_t ky = 0; ky < m_g.kernelHeight; ++ky) {
      const std::int64_t iy = y * m_g.strideY - m_g.padTop + ky * m_g.dilationY;
      for (std::int64_t kx = 0; kx < m_g.kernelWidth; ++kx, to += kTileRows) {
        const std::int64_t ix = x * m_g.strideX - m_g.padLeft + kx * m_g.dilationX;
        const bool inside = iy >= 0 && iy < m_g.height && ix >= 0 && ix < m_g.width;
        *to = inside ? base + (iy * m_g.width + ix) * m_g.channels : m_zeros.data();
      }
    }
  }

  void rowPieces(const float* base, std::int64_t y, std::int64_t x, std::int64_t r, const float** to) {
    const std::int64_t ix = x * m_g.strideX - m_g.padLeft;
    const bool inside = ix >= 0 && ix + m_g.kernelWidth <= m_g.width;
    for (std::int64_t ky = 0; ky < m_g.kernelHeight; ++ky, to += kTileRows) {
      const std::int64_t iy = y * m_g.strideY - m_g.padTop + ky * m_g.dilationY;
      if (iy < 0 || iy >= m_g.height) {
        *to = m_zeros.data();
      } else if (inside) {
        *to = base + (iy * m_g.width + ix) * m_g.channels;
      } else {
        float* patch = m_patches.data() + (r * m_segments + ky) * m_length;
        *to = patch;
        for (std::int64_t kx = ix; kx < ix + m_g.kernelWidth; ++kx, patch += m_g.channels) {
          if (kx < 0 || kx >= m_g.width) std::fill_n(patch, m_g.channels, 0.0F);
          else std::copy_n(base + (iy * m_g.width + kx) * m_g.channels, m_g.channels, patch);
        }
      }
    }
  }

  const ConvolutionGeometry& m_g;
  bool m_row, m_onePixel;
  std::int64_t m_inputs, m_segments, m_length;
  AlignedFloats m_zeros, m_patches;
  std::vector<const float*> m_pointers;
};

bool isPointwise(const ConvolutionGeometry& g) {
  return g.groups == 1 && g.kernelHeight == 1 && g.kernelWidth == 1 && g.strideY == 1 && g.strideX == 1 &&
         g.padTop == 0 && g.padLeft == 0 && g.outHeight == g.height && g.outWidth == g.width;
}

ConvolutionState& stateOf(KernelCall& call) {
  if (!call.state()) call.state() = std::make_shared<ConvolutionState>();
  return static_cast<ConvolutionState&>(*call.state());
}

const Activation& activationOf(const KernelCall& call) {
  static const Activation none;
  return call.epilogue() ? call.epilogue()->activation : none;
}

void runConvolution(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.makeOutput(0, Layout::channelsLast);
  auto& state = stateOf(call);
  const ConvolutionGeometry g = state.geometry(call);
  const Prepared& prepared = state.prepared(call, g);
  const auto* in = reinterpret_cast<const float*>(input.bytes().data());
  auto* out = reinterpret_cast<float*>(output.writableBytes().data());
  const Epilogue none;
  const Epilogue& epilogue = call.epilogue() ? *call.epilogue() : none;
  const float* residual = epilogue.residual ? reinterpret_cast<const float*>(epilogue.residual->bytes().data()) : nullptr;
  const int threads = call.context().threads;
  if (isDepthwise(g)) {
    depthwiseConvolution(g, in, {prepared.depthwise.data(), g.channels, prepared.biases[0].data()}, residual,
                         epilogue.activation, out, threads);
    return;
  }
  const std::int64_t rows = g.batch * g.outHeight * g.outWidth, columns = g.outputs / g.groups;
  std::int64_t block = blockRows(prepared.groups[0]);
  if (threads > 1) block = std::clamp((rows / threads + kTileRows - 1) / kTileRows * kTileRows, kTileRows, block);
  const std::int64_t blocks = (rows + block - 1) / block;
  const std::int64_t work = block * prepared.groups[0].depth * columns * g.groups;
  parallelFor(threads, blocks, std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, work)), [&](std::int64_t from, std::int64_t to) {
    Gather gather(g, prepared.pieceIsRow, block);
    for (std::int64_t b = from; b < to; ++b) {
      const std::int64_t first = b * block, count = std::min(block, rows - first);
      for (std::int64_t group = 0; group < g.groups; ++group) {
        const std::int64_t offset = first * g.outputs + group * columns;
        ProductOutput result{out + offset, g.outputs, prepared.biases[static_cast<std::size_t>(group)].data(), residual ? residual + offset : nullptr, g.outputs,
                             epilogue.activation};
        multiply(prepared.groups[static_cast<std::size_t>(group)], gather.rows(in, group, first, count), result);
      }
    }
  });
}

std::string declines(const KernelQuery& query) {
  for (std::size_t i = 0; i < query.inputs.size(); ++i)
    if (query.inputs[i] && query.inputs[i]->type != DataType::float32) return "takes float32 only";
  const int rank = query.inputs[0]->shape.rank();
  if (rank != 3 && rank != 4) return "takes one or two spatial dimensions";
  for (const auto& input : query.inputs)
    if (input && input->shape.count() == 0) return "takes no empty tensors";
  return {};
}

}  // namespace

bool isPackedConvolution(const Kernel& kernel) {
  return kernel.device == DeviceKind::cpu && kernel.type == "Conv" && kernel.domain.empty() &&
         kernel.name == kName;
}

bool runBottleneck(KernelCall& widen, KernelCall& filter, KernelCall& narrow) {
  const ConvolutionGeometry wide = stateOf(widen).geometry(widen), between = stateOf(filter).geometry(filter),
                            end = stateOf(narrow).geometry(narrow);
  if (!isPointwise(wide) || !isPointwise(end) || !isDepthwise(between) || wide.batch != end.batch)
    return false;
  const Prepared &first = stateOf(widen).prepared(widen, wide),
                 &middle = stateOf(filter).prepared(filter, between),
                 &last = stateOf(narrow).prepared(narrow, end);
  const Bottleneck bottleneck{between,
                              {first.groups[0], first.biases[0].data(), activationOf(widen)},
                              {middle.depthwise.data(), between.channels, middle.biases[0].data()},
                              activationOf(filter),
                              {last.groups[0], last.biases[0].data(), activationOf(narrow)}};
  const int threads = widen.context().threads;
  const BottleneckBlocks blocks = blocksOf(bottleneck);
  if (blocks.count < threads) return false;
  const Tensor* residual = narrow.epilogue() ? narrow.epilogue()->residual : nullptr;
  Tensor& output = narrow.makeOutput(0, Layout::channelsLast);
  const auto* in = reinterpret_cast<const float*>(widen.input(0).bytes().data());
  auto* out = reinterpret_cast<float*>(output.writableBytes().data());
  parallelFor(threads, blocks.count, 1, [&](std::int64_t from, std::int64_t to) {
    Tensor scratch = narrow.scratch(DataType::float32, Shape{blocks.scratch});
    run(bottleneck, blocks, from, to, in,
        residual ? reinterpret_cast<const float*>(residual->bytes().data()) : nullptr, out,
        scratch.writable<float>().data());
  });
  return true;
}

void conv(KernelRegistry& registry) {
  registry.add({.type = "Conv",
                .domain = "",
                .name = kName,
                .layouts = KernelLayouts::channelsLast,
                .fuses = true,
                .declines = declines,
                .run = runConvolution});
}

}  // namespace planish::cpu
