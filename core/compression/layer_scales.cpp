#include "core/compression/layer_scales.h"

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compression/element_storage.h"

#include <algorithm>

namespace planish {
namespace {

/// Mean squares of the inputs, one a weight [rows * columns]: rows of one convolution group share theirs.
/// Empty where none were measured.
std::vector<float> inputImportance(const CompressionInput& input) {
  if (!input.statistics || input.statistics->meanSquare.empty()) return {};
  const auto& squares = input.statistics->meanSquare;
  const auto rows = static_cast<std::size_t>(input.layer.rows()),
             columns = static_cast<std::size_t>(input.layer.columns());
  const std::size_t groups = squares.size() / columns;
  std::vector<float> importance;
  importance.reserve(rows * columns);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t c = 0; c < columns; ++c)
      importance.push_back(static_cast<float>(squares[row * groups / rows * columns + c]));
  return importance;
}

}  // namespace

std::vector<ParameterDeclaration> scaleParameters() {
  return {{"clip-search",
           true,
           "search for the range with the least error; off: the range that clips nothing",
           "",
           {},
           {},
           {}},
          {"grid",
           std::int64_t(100),
           "steps that the whole range is divided into by the search, which ends at a fifth of it",
           "steps",
           2,
           10000,
           {}},
          {"norm", 2.0, "power of the error that the search minimises", "", 0.5, 10, {}},
          {"refinements",
           std::int64_t(5),
           "closed-form corrections of the scale behind the search (norm 2)",
           "steps",
           0,
           100,
           {}},
          {"error",
           std::string("output"),
           "which error of rounding to the nearest the search makes small where there are calibration data: "
           "the output's, the weights' each times the mean square of its "
           "input, or the weights' as without data; norms other than 2, scales of several rows and scales of "
           "more than " +
               std::to_string(kWidestOutputError) + " inputs never see the output's",
           "",
           {},
           {},
           {"output", "inputs", "weights"}}};
}

ScaleRule scaleRule(const CompressionInput& input, const Setting& setting,
                    const ParameterValues& parameters) {
  ScaleRule rule;
  rule.format = setting.format;
  rule.bits = setting.bits;
  rule.scaleBits = input.storage.scaleBits;
  rule.clipSearch = parameters.flag("clip-search");
  rule.grid = static_cast<int>(parameters.whole("grid"));
  rule.norm = parameters.number("norm");
  rule.refinements = static_cast<int>(parameters.whole("refinements"));
  return rule;
}

bool scalesByOutput(const ScaleRule& rule, std::int64_t group, std::string_view error) {
  return error == "output" && group > 0 && group <= kWidestOutputError && rule.norm == 2;
}

std::vector<GroupScale> findLayerScales(const CompressionInput& input, const Tensor& matrix,
                                        const ScaleRule& rule, std::int64_t group, std::string_view error,
                                        const GroupMoments* moments, bool isWeight) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  const auto values = matrix.data<float>();
  const bool byOutput = isWeight && moments && scalesByOutput(rule, group, error);
  if (byOutput) moments->prepare(group);
  const auto importance =
      isWeight && !byOutput && error != "weights" ? inputImportance(input) : std::vector<float>{};
  const std::int64_t width = group == 0 ? rows * columns : group;
  const std::int64_t perRow = group == 0 ? 1 : (columns + group - 1) / group;
  std::vector<GroupScale> scales(static_cast<std::size_t>(scaleCount(rows, columns, group)));
  parallelFor(input.context.threads, static_cast<std::int64_t>(scales.size()), 8,
              [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t i = begin; i < end; ++i) {
                  const std::int64_t row = group == 0 ? 0 : i / perRow;
                  const std::int64_t first = group == 0 ? 0 : i % perRow * group;
                  const auto count =
                      static_cast<std::size_t>(group == 0 ? width : std::min(width, columns - first));
                  const auto at = static_cast<std::size_t>(row * columns + first);
                  const auto weights = importance.empty() ? std::span<const float>()
                                                          : std::span(importance).subspan(at, count);
                  try {
                    scales[static_cast<std::size_t>(i)] =
                        byOutput ? findScale(rule, values.subspan(at, count),
                                             moments->of(row * moments->convolutionGroups() / rows, first))
                                 : findScale(rule, values.subspan(at, count), weights);
                  } catch (const Error& error) {
                    throw Error(error.kind(), error.message())
                        .at("layer '" + input.layer.name + "', row " + std::to_string(row))
                        .remedy(error.remedyText());
                  }
                }
              });
  return scales;
}

}  // namespace planish
