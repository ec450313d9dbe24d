#pragma once

#include "core/compression/compressor.h"
#include "core/compression/group_moments.h"
#include "core/compression/scale_search.h"

namespace planish {

/// How scales are searched, for compressors to declare: clip-search, grid, norm, refinements, error.
std::vector<ParameterDeclaration> scaleParameters();

/// The rule that these parameters ask for.
ScaleRule scaleRule(const CompressionInput& input, const Setting& setting, const ParameterValues& parameters);

/// Whether scales over `group` columns are searched by the error of the output: `error` asks for it, one
/// scale covers at most kWidestOutputError columns of one row, and the rule's norm is 2.
bool scalesByOutput(const ScaleRule& rule, std::int64_t group, std::string_view error);

/// Scales of a matrix [rows, columns] of the layer, one for each row and group of columns, or one of all for
/// group 0. `moments`: of the matrix's inputs; null where its inputs are not the layer's or nothing is known
/// of them. `isWeight`: the matrix has the layer's inputs. Throws what findScale throws, naming layer and
/// row, or rows.
std::vector<GroupScale> findLayerScales(const CompressionInput& input, const Tensor& matrix,
                                        const ScaleRule& rule, std::int64_t group, std::string_view error,
                                        const GroupMoments* moments, bool isWeight);

}  // namespace planish
