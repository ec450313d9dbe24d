#pragma once

#include <cstdlib>

namespace planish {

/// PLANISH_SHORT_TESTS=yes: fewer repetitions of what takes long under compute-sanitizer.
inline bool shortTests() { return std::getenv("PLANISH_SHORT_TESTS") != nullptr; }

}  // namespace planish
