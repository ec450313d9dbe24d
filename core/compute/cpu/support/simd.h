#pragma once

namespace planish::cpu {

/// Whether this processor has AVX2 and FMA.
bool hasAvx2();

template <typename Body>
[[gnu::target("avx2,fma")]] inline void callForAvx2(const Body& body) {
  body();
}

/// Calls body(), compiled once more for AVX2 where the processor has it: loops of the lambda itself, which must be declared
/// always_inline, are then vectorised for it. Results are the same on both paths, as products and sums are not contracted.
template <typename Body>
inline void vectorised(const Body& body) {
  if (hasAvx2()) callForAvx2(body);
  else body();
}

}  // namespace planish::cpu
