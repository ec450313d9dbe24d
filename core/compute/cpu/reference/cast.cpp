#include "core/compute/cpu/reference/elements.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

/// A power of two for float8e8m0, which has no mantissa: the next one up, down, or the nearest (ties up).
double powerOfTwo(double x, const std::string& mode, bool saturate) {
  if (!(x > 0) || std::isinf(x)) return x;
  int exponent;
  const double fraction = std::frexp(x, &exponent);  // in [0.5, 1)
  const bool up = mode == "up" ? fraction > 0.5 : mode == "nearest" && fraction >= 0.75;
  const int rounded = exponent - 1 + (up ? 1 : 0);
  if (rounded > 127 && !saturate) return std::nan("");
  return std::ldexp(1.0, std::min(rounded, 127));
}

Tensor converted(KernelCall& call, DataType to) {
  const Tensor& x = call.input(0);
  const bool saturate = call.attributes().whole("saturate", 1) != 0;
  const std::string mode = call.attributes().word("round_mode", "up");
  Tensor y = call.scratch(to, x.shape());
  const ElementReader reader(x);
  ElementWriter writer(y);
  // Whole numbers of less than a byte keep the low bits of what a float truncates to, as whole numbers do among each other.
  const bool wraps = !isFloating(to) && (!isFloating(x.type()) || bitsOf(to) < 8);
  for (std::int64_t i = 0, count = x.count(); i < count; ++i) {
    if (wraps) writer.setWhole(i, reader.whole(i));
    else if (to == DataType::float4e2m1 && std::isnan(reader.number(i))) writer.setNumber(i, -0.0);  // the type has no NaN
    else if (to == DataType::float8e8m0) writer.setNumber(i, powerOfTwo(reader.number(i), mode, saturate), saturate);
    else writer.setNumber(i, reader.number(i), saturate);
  }
  return y;
}

void castTo(KernelCall& call) {
  const DataType to = call.outputType(0);
  if (to == call.input(0).type()) call.setOutput(0, call.input(0));
  else call.setOutput(0, converted(call, to));
}

void bitCast(KernelCall& call) {
  const Tensor& x = call.input(0);
  call.setOutput(0, Tensor(call.outputType(0), x.shape(), x.storage()));
}

}  // namespace

void cast(KernelRegistry& registry) {
  addReference(registry, "Cast", castTo);
  addReference(registry, "CastLike", castTo);
  addReference(registry, "BitCast", bitCast);
}

}  // namespace planish::cpu_reference
