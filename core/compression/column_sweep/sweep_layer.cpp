#include "core/compression/column_sweep/sweep_layer.h"

#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"

#include <algorithm>

namespace planish {
namespace {

bool has(const ParameterValues& parameters, std::string_view name) { return parameters.all().find(name) != parameters.all().end(); }

/// Codes of small floats and nf4 as packed elements.
Tensor elementsOf(NumberFormat format, const std::vector<std::int16_t>& codes, const Shape& shape) {
  Tensor elements(elementType(format), shape);
  auto bytes = elements.writableBytes();
  std::fill(bytes.begin(), bytes.end(), std::byte(0));
  const bool whole = bitsOf(elements.type()) == 8;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<std::uint8_t>(codes[i]);
    if (whole) bytes[i] = std::byte(code);
    else bytes[i / 2] |= std::byte(i % 2 ? code << 4 : code);
  }
  return elements;
}

}  // namespace

bool isSweepFormat(NumberFormat format) {
  switch (format) {
    case NumberFormat::integer:
    case NumberFormat::unsignedInteger:
    case NumberFormat::fp8e4m3:
    case NumberFormat::fp8e5m2:
    case NumberFormat::fp4e2m1:
    case NumberFormat::nf4: return true;
    default: return false;
  }
}

std::string whyNoSweep(const Layer& layer) { return layer.kind == "embedding" ? "an embedding has no inputs to measure" : std::string(); }

std::vector<ParameterDeclaration> sweepParameters(bool withOrder) {
  std::vector<ParameterDeclaration> parameters = {
      {"damping", 0.01, "share of the mean square of the inputs that is added to each; more trusts the calibration data less", "", 0, 1, {}},
      {"block", std::int64_t(128), "columns that are done together; with unstructured sparsity also the columns that zeros are chosen among", "columns", 1, 65536, {}},
      {"zero-dead-inputs", false, "set weights of inputs that were 0 in all calibration samples to 0; off: treat them like the others", "", {}, {}, {}}};
  if (withOrder)
    parameters.insert(parameters.begin() + 1,
                      {"act-order", false, "do the inputs with most energy first; groups get their scales before the sweep then", "", {}, {}, {}});
  return parameters;
}

std::unique_ptr<CompressorState> prepareSweep(const CompressionInput& input, const ParameterValues& parameters) {
  const Layer& layer = input.layer;
  SweepProblem problem{input.weight.shape()[0], input.weight.shape()[1], layer.groups};
  const auto size = static_cast<std::size_t>(problem.groups * problem.columns * problem.columns);
  if (!input.statistics || input.statistics->gram.size() != size)
    throw Error(ErrorKind::usage, "the sweep needs the Gram matrix of the layer's inputs").at("layer '" + layer.name + "'").remedy("give calibration data");
  problem.hessian = input.statistics->gram;
  problem.damping = parameters.number("damping");
  problem.activationOrder = has(parameters, "act-order") && parameters.flag("act-order");
  auto state = std::make_unique<SweepState>(*input.statistics, problem.columns);
  try {
    state->sweep = prepareColumnSweep(problem, input.context, input.progress);
  } catch (const Error& error) {
    throw Error(error.kind(), error.message()).at("layer '" + layer.name + "'").remedy(error.remedyText());
  }
  return state;
}

SweepOptions sweepOptions(const CompressionInput& input, const SweepState& state, const Setting& setting, const ParameterValues& parameters, bool quantize) {
  SweepOptions options;
  options.block = parameters.whole("block");
  options.zeroDead = parameters.flag("zero-dead-inputs");
  if (!quantize) return options;
  options.grid = scaleRule(input, setting, parameters);
  options.group = groupOf(setting, input.weight.shape()[1]);
  const std::string& error = parameters.word("error");
  if (scalesByOutput(options.grid, options.group, error)) {
    state.moments.prepare(options.group);
    options.scaleMoments = &state.moments;
  }
  options.weighScales = error != "weights";
  return options;
}

std::shared_ptr<const Plane> planeOf(SweepResult result, const CompressionInput& input, const Setting& setting, Tensor mask, Sparsity sparsity) {
  const std::int64_t rows = input.weight.shape()[0], columns = input.weight.shape()[1];
  if (setting.format == NumberFormat::integer || setting.format == NumberFormat::unsignedInteger) {
    CodePlane::Parts parts{setting.format, setting.bits, rows, columns, groupOf(setting, columns)};
    parts.codes = std::move(result.codes);
    parts.scales = std::move(result.scales);
    parts.zeroPoints = std::move(result.zeroPoints);
    parts.mask = std::move(mask);
    parts.sparsity = sparsity;
    parts.storage = input.storage;
    return std::make_shared<CodePlane>(std::move(parts));
  }
  DensePlane::Parts parts;
  parts.format = setting.format;
  parts.elements = elementsOf(setting.format, result.codes, Shape{rows, columns});
  parts.group = groupOf(setting, columns);
  parts.scales = std::move(result.scales);
  parts.mask = std::move(mask);
  parts.sparsity = sparsity;
  parts.storage = input.storage;
  return std::make_shared<DensePlane>(std::move(parts));
}

Tensor maskTensor(const std::vector<std::uint8_t>& mask, const Shape& shape) {
  Tensor tensor(DataType::boolean, shape);
  auto out = tensor.writable<bool>();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = mask[i] != 0;
  return tensor;
}

std::vector<std::uint8_t> maskBytes(const Tensor& mask) {
  const auto stays = mask.data<bool>();
  return {stays.begin(), stays.end()};
}

}  // namespace planish
