#pragma once

#include "core/compression/column_sweep/column_sweep.h"
#include "core/compression/compressor.h"
#include "core/compression/layer_scales.h"

namespace planish {

/// A layer's prepared sweep, kept between its settings.
struct SweepState : CompressorState {
  SweepState(const InputStatistics& statistics, std::int64_t columns) : moments(statistics, columns) {}
  std::unique_ptr<ColumnSweep> sweep;
  GroupMoments moments;
};

/// True for formats that a sweep can round to: those with scales.
bool isSweepFormat(NumberFormat format);
/// Why a layer has no sweep at all; empty if it has one.
std::string whyNoSweep(const Layer& layer);

/// Parameters that all compressors with a sweep declare, with this default order of columns: damping, act-order, block, zero-dead-inputs.
std::vector<ParameterDeclaration> sweepParameters(bool withOrder);

/// Factorises the layer's Gram matrices. Throws Error(usage) if they were not collected.
std::unique_ptr<CompressorState> prepareSweep(const CompressionInput& input, const ParameterValues& parameters);

/// Block and dead columns, and where the setting has a grid: how it is found. Refers to the state.
SweepOptions sweepOptions(const CompressionInput& input, const SweepState& state, const Setting& setting, const ParameterValues& parameters, bool quantize);

/// A swept and rounded weight as it is stored.
std::shared_ptr<const Plane> planeOf(SweepResult result, const CompressionInput& input, const Setting& setting, Tensor mask, Sparsity sparsity);

/// A mask as the draft has it, from a sweep's, and back.
Tensor maskTensor(const std::vector<std::uint8_t>& mask, const Shape& shape);
std::vector<std::uint8_t> maskBytes(const Tensor& mask);

}  // namespace planish
