#include "core/compression/integer_rounding.h"

#include "core/compression/code_plane.h"
#include "core/compression/integer_bias.h"
#include "core/compute/cpu/support/simd.h"
#include "core/compute/cpu/support/vector_math.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace planish {
namespace {

/// Codes minus the zero point.
struct CodeRange {
  float least, most;
};

CodeRange codesOf(const ActivationFormat& format) {
  const int least = format.isSigned ? -(1 << (format.bits - 1)) : 0;
  return {static_cast<float>(least - format.zeroPoint),
          static_cast<float>(least + (1 << format.bits) - 1 - format.zeroPoint)};
}

/// From integer sums to codes of the output, by output channel (one for all where weights have one scale).
struct Requantization {
  std::vector<float> unit;    ///< what one step of the sum is worth
  std::vector<float> factor;  ///< of the sum, to codes
  ActivationFormat format;
  int axis;  ///< of the channels; negative: from the end
};

/// Rounds `count` values of one channel each to the sums that they stand for, and those to codes.
void requantize(const float* from, const float* unit, const float* factor, std::int64_t count,
                CodeRange range, float scale, float* to) {
  cpu::vectorised([=]() __attribute__((always_inline)) {
    for (std::int64_t i = 0; i < count; ++i) {
      const float code = cpu::roundHalfEven(cpu::roundHalfEven(from[i] / unit[i]) * factor[i]);
      const float above = code < range.least ? range.least : code;
      to[i] = (above > range.most ? range.most : above) * scale;
    }
  });
}

void requantizeChannel(const float* from, float unit, float factor, std::int64_t count, CodeRange range,
                       float scale, float* to) {
  cpu::vectorised([=]() __attribute__((always_inline)) {
    for (std::int64_t i = 0; i < count; ++i) {
      const float code = cpu::roundHalfEven(cpu::roundHalfEven(from[i] / unit) * factor);
      const float above = code < range.least ? range.least : code;
      to[i] = (above > range.most ? range.most : above) * scale;
    }
  });
}

Tensor requantized(const Requantization& how, const Tensor& made) {
  const Tensor in = made.type() == DataType::float32 ? made : toFloat(made);
  const Shape& shape = in.shape();
  const int axis = how.axis < 0 ? shape.rank() + how.axis : how.axis;
  const auto channels = static_cast<std::int64_t>(how.unit.size());
  if (axis < 0 || axis >= shape.rank() || (channels > 1 && shape[axis] != channels))
    throw Error(ErrorKind::failed, "requantised channels do not fit a value of shape " + shape.text());
  Tensor flat(DataType::float32, shape);
  const auto* from = reinterpret_cast<const float*>(in.bytes().data());
  auto* to = reinterpret_cast<float*>(flat.writableBytes().data());
  const CodeRange range = codesOf(how.format);
  const bool innermost = in.layout() == Layout::channelsLast || axis == shape.rank() - 1;
  if (channels == 1) {
    requantizeChannel(from, how.unit[0], how.factor[0], in.count(), range, how.format.scale, to);
  } else if (innermost) {
    for (std::int64_t at = 0; at < in.count(); at += channels)
      requantize(from + at, how.unit.data(), how.factor.data(), channels, range, how.format.scale, to + at);
  } else {
    const std::int64_t inner = shape.count(axis + 1, shape.rank());
    for (std::int64_t at = 0, channel = 0; at < in.count(); at += inner, channel = (channel + 1) % channels)
      requantizeChannel(from + at, how.unit[static_cast<std::size_t>(channel)],
                        how.factor[static_cast<std::size_t>(channel)], inner, range, how.format.scale,
                        to + at);
  }
  return in.layout() == Layout::plain ? flat : Tensor(DataType::float32, shape, flat.storage(), in.layout());
}

/// Sum of two quantised values, in codes of a third.
Tensor addedCodes(const ActivationFormat& a, const ActivationFormat& b, const ActivationFormat& sum,
                  const Tensor& made, ValueSources sources) {
  if (sources.size() != 2 || !sources[0] || !sources[1] || sources[0]->shape() != made.shape() ||
      sources[1]->shape() != made.shape())
    return simulate(sum, made);
  Tensor left = *sources[0], right = *sources[1];
  if (left.layout() != right.layout()) {
    left = toPlain(left);
    right = toPlain(right);
  }
  Tensor flat(DataType::float32, made.shape());
  const auto* x = reinterpret_cast<const float*>(left.bytes().data());
  const auto* y = reinterpret_cast<const float*>(right.bytes().data());
  auto* to = reinterpret_cast<float*>(flat.writableBytes().data());
  const std::int64_t count = made.count();
  const float xScale = a.scale, yScale = b.scale, xRatio = a.scale / sum.scale, yRatio = b.scale / sum.scale,
              scale = sum.scale;
  const auto xZero = static_cast<float>(a.zeroPoint), yZero = static_cast<float>(b.zeroPoint),
             zero = static_cast<float>(sum.zeroPoint);
  const float constant = zero - (xRatio * xZero + yRatio * yZero);
  const float least = sum.isSigned ? -static_cast<float>(1 << (sum.bits - 1)) : 0,
              most = least + static_cast<float>((1 << sum.bits) - 1);
  cpu::vectorised([=]() __attribute__((always_inline)) {
    for (std::int64_t i = 0; i < count; ++i) {
      const float p = cpu::roundHalfEven(x[i] / xScale) + xZero,
                  q = cpu::roundHalfEven(y[i] / yScale) + yZero;
      const float code = cpu::roundHalfEven(__builtin_fmaf(p, xRatio, __builtin_fmaf(q, yRatio, constant)));
      const float above = code < least ? least : code;
      to[i] = ((above > most ? most : above) - zero) * scale;
    }
  });
  return left.layout() == Layout::plain
             ? flat
             : Tensor(DataType::float32, made.shape(), flat.storage(), left.layout());
}

class Builder {
 public:
  Builder(const Network& network, const Layers& layers, const CompressedNetwork& compressed)
      : m_network(network), m_layers(layers), m_compressed(compressed), m_connections(network),
        m_transforms(simulation(compressed.activations)) {}

  ValueTransforms build() {
    for (const Layer& layer : m_layers.items)
      addLayer(layer);
    for (std::int32_t i = 0; i < m_network.operationCount(); ++i)
      addSum({i});
    return std::move(m_transforms);
  }

 private:
  const ActivationFormat* format(ValueId id) const {
    const auto found = m_compressed.activations.find(id);
    return found == m_compressed.activations.end() || found->second.bits != 8 ? nullptr : &found->second;
  }

  bool isOutput(ValueId id) const {
    return std::find(m_network.outputs.begin(), m_network.outputs.end(), id) != m_network.outputs.end();
  }

  std::optional<float> bound(const Operation& operation, std::size_t input, const char* attribute,
                             float otherwise) const {
    const ValueId id = operation.input(input);
    if (!id.valid()) return operation.attributes.number(attribute, otherwise);
    if (!m_network.value(id).isConstant()) return {};
    const Tensor& tensor = m_network.value(id).constant;
    return tensor.count() == 1 ? std::optional(toFloat(tensor).data<float>()[0]) : std::nullopt;
  }

  /// Whether a Relu or Clip changes nothing that the codes could hold, so that a runtime leaves it out.
  bool clipsNothing(const Operation& operation, const ActivationFormat& kept) const {
    const CodeRange range = codesOf(kept);
    if (operation.type == "Relu") return range.least == 0;
    constexpr float kMost = std::numeric_limits<float>::max(), kSlack = std::numeric_limits<float>::epsilon();
    const auto low = bound(operation, 1, "min", -kMost), high = bound(operation, 2, "max", kMost);
    return low && high && *low - kept.scale * range.least <= kSlack &&
           kept.scale * range.most - *high <= kSlack;
  }

  /// The value that is quantised of what an operation makes: its output or that of the Relu or Clip that
  /// alone reads it. Invalid if there is none.
  ValueId quantisedOf(ValueId output) const {
    if (format(output)) return output;
    const auto& readers = m_connections.consumers[static_cast<std::size_t>(output.index)];
    if (readers.size() != 1 || isOutput(output)) return {};
    const Operation& next = m_network.operation(readers[0]);
    if (!next.domain.empty() || (next.type != "Relu" && next.type != "Clip") || next.input(0) != output)
      return {};
    const ActivationFormat* kept = format(next.output(0));
    return kept && clipsNothing(next, *kept) ? next.output(0) : ValueId{};
  }

  void addLayer(const Layer& layer) {
    IntegerBias bias;
    const BiasFit fit = integerBias(m_network, layer, m_compressed, bias);
    const std::string& type = m_network.operation(layer.operation).type;
    if ((fit != BiasFit::integer && fit != BiasFit::absent) ||
        !runsOnIntegers(m_network, layer, m_compressed) || (type != "Conv" && type != "Gemm"))
      return;
    const ValueId output = quantisedOf(layer.output);
    if (!output.valid()) return;
    const auto* plane = dynamic_cast<const CodePlane*>(m_compressed.weights.at(layer.weight).planes[0].get());
    Requantization how{{}, {}, *format(output), type == "Conv" ? 1 : -1};
    for (const float scale : plane->scales()) {
      how.unit.push_back(m_compressed.activations.at(layer.input).scale * (scale == 0 ? 1 : scale));
      how.factor.push_back(how.unit.back() / how.format.scale);
    }
    m_transforms[output] = [how = std::move(how)](const Tensor& made) { return requantized(how, made); };
  }

  void addSum(OperationId id) {
    const Operation& operation = m_network.operation(id);
    if (operation.type != "Add" || !operation.domain.empty()) return;
    const ActivationFormat *a = format(operation.input(0)), *b = format(operation.input(1));
    const ValueId quantised = a && b ? quantisedOf(operation.output(0)) : ValueId{};
    if (!quantised.valid()) return;
    m_transforms[operation.output(0)] = [a = *a, b = *b, sum = *format(quantised)](const Tensor& made,
                                                                                   ValueSources sources) {
      return addedCodes(a, b, sum, made, sources);
    };
  }

  const Network& m_network;
  const Layers& m_layers;
  const CompressedNetwork& m_compressed;
  Connections m_connections;
  ValueTransforms m_transforms;
};

}  // namespace

ValueTransforms simulation(const Network& network, const Layers& layers,
                           const CompressedNetwork& compressed) {
  return Builder(network, layers, compressed).build();
}

}  // namespace planish
