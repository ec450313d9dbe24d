#include "core/compute/cpu/support/activations.h"

#include "core/compute/cpu/support/simd.h"
#include "core/compute/cpu/support/vector_math.h"

namespace planish::cpu {

bool hasAvx2() {
  static const bool found = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return found;
}

void activate(const Activation& activation, const float* in, float* out, std::int64_t count) {
  withActivation(activation, [&](auto function) {
    vectorised([&]() __attribute__((always_inline)) {
      for (std::int64_t i = 0; i < count; ++i) out[i] = function(in[i]);
    });
  });
}

}  // namespace planish::cpu
