#include "core/sensitivity/sensitivity_table.h"

namespace planish {

const SensitivityRow* SensitivityTable::find(std::string_view layer, const Setting& option) const {
  for (const auto& row : rows)
    if (row.layer == layer && row.option == option) return &row;
  return nullptr;
}

}  // namespace planish
