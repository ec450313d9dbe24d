#pragma once

#include "core/compression/compressed_tensor.h"

#include <optional>
#include <span>

namespace planish {

/// The weight with row r multiplied by about factors[r] (positive) without a change of codes or size: scales are multiplied and
/// rounded to their storage again, the elements of 16- and 32-bit formats themselves. `achieved` becomes what each row was really
/// multiplied by (of several groups of a row: the first one's). nullopt if one scale covers several rows.
/// Source: para-normalisation of CalibTIP, step 4c.
std::optional<CompressedTensor> withScaledRows(const CompressedTensor& tensor, std::span<const double> factors, std::vector<double>& achieved);

}  // namespace planish
