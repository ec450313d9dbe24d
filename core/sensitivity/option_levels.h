#pragma once

#include "core/sensitivity/sensitivity_metric.h"

namespace planish {

/// A layer's weight under one option of its menu.
struct OptionLevel {
  Setting option;
  Tensor matrix;  ///< float32 [rows, columns], as a runtime reconstructs it; undefined where the option keeps the weight
  Bits bits;      ///< of the layer's weight in the file
};

/// Compresses the layers of a measurement, one after another. What compressors want to know of a layer's input is collected
/// in one pass over the calibration data by prepare(), or when the first layer is asked for.
class OptionLevels {
 public:
  /// `input` must outlive it.
  OptionLevels(const MeasureInput& input, const Context& context) : m_input(input), m_context(context) {}
  /// Collects what compressors want to know, if it was not. Throws Error(usage) if one needs calibration data and there is none.
  void prepare(const Progress& progress);
  /// All options of the layer's menu.
  std::vector<OptionLevel> of(const Layer& layer, const Progress& progress);
  /// Of several layers, spread over the context's devices; the same whatever their number.
  std::vector<std::vector<OptionLevel>> of(const std::vector<const Layer*>& layers, const Progress& progress);

 private:
  std::vector<OptionLevel> made(const Layer& layer, const Context& context, const Progress& progress) const;

  const MeasureInput& m_input;
  Context m_context;
  bool m_collected = false;
  Statistics m_statistics;
};

/// A level as the executor takes it: in the weight's own shape and type.
Tensor weightOf(const Network& network, const Layer& layer, const OptionLevel& level);

}  // namespace planish
