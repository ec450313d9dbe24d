#include "core/compute/operations/resize_plan.h"

namespace planish::operations {
namespace {

void expectNumbers(const InferenceCall& call) {
  if (!isInteger(call.type(0)) && call.type(0) != DataType::boolean) expectReal(call, 0, "X");
}

/// An input that the output's shape depends on; it need not be there.
const Tensor* optionalValue(const InferenceCall& call, std::size_t i) { return call.hasInput(i) ? &call.value(i) : nullptr; }

void inferResize(InferenceCall& call) {
  expectInputCount(call, call.opset() < 11 ? 2 : 1, call.opset() < 11 ? 2 : 4);
  expectNumbers(call);
  const bool old = call.opset() < 11;
  const bool cropped = !old && call.attributes().word("coordinate_transformation_mode", "") == "tf_crop_and_resize";
  if (wholeWithin(call.attributes(), "antialias", 0, 0, 1) == 1 && call.attributes().word("mode", "nearest") == "nearest")
    refuse("antialias with mode linear or cubic", "mode nearest");
  const ResizePlan plan = resizePlan(call.attributes(), false, call.opset(), call.shape(0), cropped ? optionalValue(call, 1) : nullptr,
                                     optionalValue(call, old ? 1 : 2), old ? nullptr : optionalValue(call, 3));
  call.setOutput(0, call.type(0), plan.output);
}

void inferUpsample(InferenceCall& call) {
  if (call.opset() < 7) throw Error(ErrorKind::unsupported, "expected Upsample of opset 7 or later, found opset " + std::to_string(call.opset()));
  expectInputCount(call, call.opset() < 9 ? 1 : 2, call.opset() < 9 ? 1 : 2);
  expectNumbers(call);
  call.setOutput(0, call.type(0), resizePlan(call.attributes(), true, call.opset(), call.shape(0), nullptr, optionalValue(call, 1), nullptr).output);
}

}  // namespace

void resize(OperationRegistry& registry) {
  registry.add({"Resize", "", inferResize});
  registry.add({"Upsample", "", inferUpsample});
}

}  // namespace planish::operations
