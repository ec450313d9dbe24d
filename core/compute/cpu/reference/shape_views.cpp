#include "core/compute/operations/shape_views.h"

#include "core/compute/cpu/reference/elements.h"

namespace planish::cpu_reference {
namespace {

void shape(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const auto [first, last] = operations::shapeRange(call.attributes(), shape.rank());
  auto out = call.makeOutput(0).writable<std::int64_t>();
  for (int i = first; i < last; ++i) out[static_cast<std::size_t>(i - first)] = shape[i];
}

void view(KernelCall& call) { call.setOutput(0, call.input(0).reshaped(call.outputShape(0))); }

}  // namespace

void shape_views(KernelRegistry& registry) {
  addReference(registry, "Shape", shape);
  addReference(registry, "Size", [](KernelCall& call) {
                  call.setOutput(0, Tensor::scalar<std::int64_t>(call.input(0).shape().count()));
                });
  for (const char* type : {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}) addReference(registry, type, view);
}

}  // namespace planish::cpu_reference
