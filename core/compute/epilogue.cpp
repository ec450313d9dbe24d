#include "core/compute/epilogue.h"

#include "core/network/network.h"
#include "core/tensor/element.h"

namespace planish {

Activation activationOf(const Operation& operation, const Tensor* low, const Tensor* high) {
  using Kind = Activation::Kind;
  const auto& attributes = operation.attributes;
  const std::string& type = operation.type;
  if (type == "Relu") return {Kind::clip, 0};
  if (type == "Sigmoid") return {Kind::sigmoid};
  if (type == "Tanh") return {Kind::tanh};
  if (type == "HardSwish") return {Kind::hardSwish};
  if (type == "HardSigmoid") return {Kind::hardSigmoid, attributes.number("alpha", 0.2F), attributes.number("beta", 0.5F)};
  if (type == "LeakyRelu") return {Kind::leakyRelu, attributes.number("alpha", 0.01F)};
  if (type == "Gelu") return {attributes.word("approximate", "none") == "tanh" ? Kind::geluTanh : Kind::gelu};
  if (type != "Clip") return {};
  const auto bound = [](const Tensor* given, float otherwise) { return given ? toFloat(*given).data<float>()[0] : otherwise; };
  constexpr float kMost = std::numeric_limits<float>::infinity();
  return {Kind::clip, bound(low, attributes.number("min", -kMost)), bound(high, attributes.number("max", kMost))};
}

}  // namespace planish
