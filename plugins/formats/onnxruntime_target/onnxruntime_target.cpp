#include "plugins/formats/onnxruntime_target/onnxruntime_target.h"

#include <algorithm>

namespace planish {
namespace {

bool isInteger(const Setting& setting) {
  return setting.format == NumberFormat::integer || setting.format == NumberFormat::unsignedInteger;
}

std::string refusesFormat(const Network& network, const Layer& layer, const Setting& setting) {
  switch (setting.format) {
  case NumberFormat::keep:
  case NumberFormat::fp32:
  case NumberFormat::fp16:
  case NumberFormat::bf16:
    return {};
  case NumberFormat::integer:
  case NumberFormat::unsignedInteger:
    break;
  case NumberFormat::gguf:
    return "ONNX has no GGUF block types; int8, int4 and their group forms can be stored";
  default:
    return "ONNX Runtime's CPU kernels take no 8- and 4-bit floats; int8, int4, fp16 and bf16 can be stored";
  }
  if (setting.bits == 2 && network.opset() >= 25) return {};
  const bool groups = setting.granularity == Granularity::perGroup && setting.group < layer.columns();
  if (setting.bits == 2 && groups && network.operation(layer.operation).type == "MatMul") return {};
  if (setting.bits == 2)
    return "2-bit codes are stored for groups of a MatMul, or in networks of operator set 25 and newer; int4 "
           "and int8 can be stored";
  if (setting.bits != 4 && setting.bits != 8)
    return "ONNX stores integers of 4 and 8 bits, not " + std::to_string(setting.bits) +
           "; the next larger one is int" + (setting.bits < 4 ? "4" : "8");
  return {};
}

std::string refusesGroups(const Network& network, const Layer& layer, const Setting& setting,
                          std::int64_t columns) {
  if (!isInteger(setting) || setting.granularity != Granularity::perGroup || setting.group >= columns)
    return {};
  if (columns % setting.group != 0)
    return "groups of " + std::to_string(setting.group) + " do not divide the layer's " +
           std::to_string(columns) + " inputs per output channel";
  const bool fits = setting.group >= 16 && setting.group <= 256 && (setting.group & (setting.group - 1)) == 0;
  if (setting.bits == 2 && network.opset() < 25 && !fits)
    return "MatMulNBits takes groups of 16, 32, 64, 128 and 256, not " + std::to_string(setting.group);
  return {};
}

std::string refusesRank(const Network& network, const Layer& layer, const Setting& setting) {
  if (!setting.rank.given()) return {};
  const Operation& operation = network.operation(layer.operation);
  const bool plain = layer.kind == "linear" || (layer.kind == "conv" && layer.groups == 1);
  if (!plain) return "a low-rank pair is stored for linear layers and convolutions without groups only";
  if (operation.type == "Gemm" && operation.attributes.whole("transA", 0) != 0)
    return "a low-rank pair is not stored for a Gemm that transposes its input";
  if (setting.sparsity.kind != Sparsity::Kind::none)
    return "a low-rank pair cannot be stored under a mask; one of rank and sparsity can";
  return {};
}

std::string refusesActivations(const Layer& layer, const Setting& setting) {
  if (setting.activationBits == 0) return {};
  if (setting.activationBits != 8 && setting.activationBits != 16)
    return "activations are stored in 8 or 16 bits";
  if (layer.kind == "embedding") return "an embedding reads whole numbers, it has no activations to quantise";
  if (setting.activationBits == 8 && setting.format == NumberFormat::unsignedInteger && setting.bits == 8 &&
      setting.granularity == Granularity::perChannel)
    return "integer kernels take one zero point for all output channels; int8+a8 and uint8pt+a8 can run";
  return {};
}

}  // namespace

OnnxRuntimeTarget::OnnxRuntimeTarget()
    : m_declaration{"onnxruntime",
                    "ONNX Runtime",
                    "Settings that ONNX Runtime loads from an ONNX file and runs on the CPU.",
                    {}} {}

StorageRules OnnxRuntimeTarget::storage() const {
  StorageRules rules;
  rules.scaleBits = 32;
  rules.leaveOutPruned = false;
  return rules;
}

std::string OnnxRuntimeTarget::refuses(const Network& network, const Layer& layer,
                                       const Setting& setting) const {
  if (setting.isKeep()) return {};
  if (std::string why = refusesFormat(network, layer, setting); !why.empty()) return why;
  if (std::string why = refusesRank(network, layer, setting); !why.empty()) return why;
  // The factors of a pair are quantised in the same groups; their rows are as short as the rank for one of
  // them.
  if (setting.rank.given() && isInteger(setting) && setting.granularity == Granularity::perGroup)
    return "the factors of a low-rank pair are quantised per tensor or per channel only";
  if (std::string why = refusesGroups(network, layer, setting, layer.columns()); !why.empty()) return why;
  return refusesActivations(layer, setting);
}

}  // namespace planish
