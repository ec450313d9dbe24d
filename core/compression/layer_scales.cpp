#include "core/compression/layer_scales.h"

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compression/element_storage.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// Whether a device makes the search by the output's error; the rest is the processor's.
bool searchesOnDevice(const CompressionInput& input, const ScaleRule& rule, const GroupMoments& moments, std::int64_t rows, std::int64_t columns) {
  return input.context.device.kind != DeviceKind::cpu && deviceLibrary().engines && rule.format == NumberFormat::integer && rule.clipSearch &&
         (rule.scaleBits == 16 || rule.scaleBits == 32) && rows % moments.convolutionGroups() == 0 && (moments.convolutionGroups() <= 16 || columns <= 64);
}

/// The search of findScale for one block of columns of all rows, on the context's device. Candidates are made here, so that they are the same.
void searchBlock(const CompressionInput& input, const Tensor& matrix, const ScaleRule& rule, const GroupMoments& moments, std::int64_t first, std::int64_t count,
                 std::span<GroupScale> scales, std::int64_t perRow) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  const auto values = matrix.data<float>();
  const int device = input.context.device.index, steps = static_cast<int>(std::floor((1 - rule.leastShare) * rule.grid + 1e-9));
  DeviceScaleProblem problem{.bits = rule.bits, .halfScales = rule.scaleBits == 16, .refinements = rule.refinements, .rows = rows, .count = count,
                             .values = {}, .candidates = {}, .moments = moments.onDevice(device, first)};
  problem.values.reserve(static_cast<std::size_t>(rows * count));
  problem.candidates.reserve(static_cast<std::size_t>(rows * (steps + 1)));
  const double half = 1 << (rule.bits - 1);
  std::vector<bool> empty;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto own = values.subspan(static_cast<std::size_t>(row * columns + first), static_cast<std::size_t>(count));
    problem.values.insert(problem.values.end(), own.begin(), own.end());
    const float least = std::min(0.F, *std::min_element(own.begin(), own.end())), most = std::max(0.F, *std::max_element(own.begin(), own.end()));
    const double whole = std::max(most / (half - 1), -least / half);
    empty.push_back(least == 0 && most == 0);
    for (int i = 0; i <= steps; ++i) problem.candidates.push_back(storedScale(static_cast<float>((1 - double(i) / rule.grid) * (empty.back() ? 1 : whole)), rule.scaleBits));
  }
  const auto found = deviceLibrary().engines->searchScales(device, problem);
  for (std::int64_t row = 0; row < rows; ++row)
    scales[static_cast<std::size_t>(row * perRow)].scale = storedScale(empty[static_cast<std::size_t>(row)] ? 1 : found[static_cast<std::size_t>(row)], rule.scaleBits);
}

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

std::vector<GroupScale> searchOnDevice(const CompressionInput& input, const Tensor& matrix, const ScaleRule& rule, std::int64_t group, const GroupMoments& moments) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1], perRow = (columns + group - 1) / group;
  moments.prepareForDevice(group);
  std::vector<GroupScale> scales(static_cast<std::size_t>(rows * perRow));
  for (std::int64_t g = 0; g < perRow; ++g)
    searchBlock(input, matrix, rule, moments, g * group, std::min(group, columns - g * group), std::span(scales).subspan(static_cast<std::size_t>(g)), perRow);
  return scales;
}

/// Some rows' blocks that are multiplied by the same inputs.
struct Together {
  std::int64_t row, rows, first, count, convolutionGroup;
};

std::vector<GroupScale> findScalesByOutput(const CompressionInput& input, const Tensor& matrix,
                                           const ScaleRule& rule, std::int64_t group,
                                           const GroupMoments& moments) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  const std::int64_t perRow = (columns + group - 1) / group, each = rows / moments.convolutionGroups();
  moments.prepare(group);
  std::vector<Together> parts;
  for (std::int64_t begin = 0; begin < rows; begin += each)
    for (std::int64_t row = begin; row < begin + each; row += InputMoments::kRows)
      for (std::int64_t first = 0; first < columns; first += group)
        parts.push_back({row, std::min(InputMoments::kRows, begin + each - row), first,
                         std::min(group, columns - first), begin / each});
  std::vector<GroupScale> scales(static_cast<std::size_t>(rows * perRow));
  const auto values = matrix.data<float>();
  const auto find = [&](const Together& part) {
    std::vector<std::span<const float>> blocks;
    for (std::int64_t row = part.row; row < part.row + part.rows; ++row)
      blocks.push_back(values.subspan(static_cast<std::size_t>(row * columns + part.first),
                                      static_cast<std::size_t>(part.count)));
    try {
      const auto found = findScales(rule, blocks, moments.of(part.convolutionGroup, part.first));
      for (std::int64_t row = 0; row < part.rows; ++row)
        scales[static_cast<std::size_t>((part.row + row) * perRow + part.first / group)] =
            found[static_cast<std::size_t>(row)];
    } catch (const Error& error) {
      throw Error(error.kind(), error.message())
          .at("layer '" + input.layer.name + "', rows " + std::to_string(part.row) + " to " +
              std::to_string(part.row + part.rows - 1))
          .remedy(error.remedyText());
    }
  };
  parallelFor(input.context.threads, static_cast<std::int64_t>(parts.size()), 1,
              [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t i = begin; i < end; ++i)
                  find(parts[static_cast<std::size_t>(i)]);
              });
  return scales;
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
  if (isWeight && moments && scalesByOutput(rule, group, error)) {
    if (searchesOnDevice(input, rule, *moments, rows, columns)) return searchOnDevice(input, matrix, rule, group, *moments);
    return findScalesByOutput(input, matrix, rule, group, *moments);
  }
  const auto importance = isWeight && error != "weights" ? inputImportance(input) : std::vector<float>{};
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
                        findScale(rule, values.subspan(at, count), weights);
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
