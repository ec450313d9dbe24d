#pragma once

#include "core/plugin/plugin_api.h"

#include <string>
#include <vector>

namespace planish {

/// All methods of one kind, as they declare themselves.
struct MethodGroup {
  std::string key;    ///< as in JSON: "compressors"
  std::string title;  ///< "Compressors"
  std::vector<const Declaration*> methods;  ///< owned by the registries
};

/// Every kind of method that plugins bring, in the order in which a person meets them.
std::vector<MethodGroup> methodGroups(const PluginRegistries& plugins);

/// "1 to 8", "at least 0", "mse, absmax"; empty: any value of its type.
std::string rangeText(const ParameterDeclaration& parameter);

}  // namespace planish
