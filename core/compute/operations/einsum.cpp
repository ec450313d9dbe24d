#include "core/compute/operations/einsum_equation.h"

namespace planish::operations {
namespace {

void inferEinsum(InferenceCall& call) {
  expectInputCount(call, 1, std::numeric_limits<std::size_t>::max());
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < call.inputCount(); ++i) {
    if (!isInteger(call.type(i))) expectReal(call, i, "Inputs");
    expectSameType(call, i, "Inputs", 0);
    shapes.push_back(call.shape(i));
  }
  Shape output = EinsumEquation(call.attributes().word("equation", ""), shapes).output();
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void einsum(OperationRegistry& registry) { registry.add({"Einsum", "", inferEinsum}); }

}  // namespace planish::operations
