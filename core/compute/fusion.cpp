#include "core/compute/fusion.h"

#include "core/compute/slice_connections.h"
#include "core/tensor/element.h"

#include <cmath>
#include <optional>
#include <set>

namespace planish {
namespace {

class Finder {
 public:
  explicit Finder(const FusionQuery& query) : m_query(query), m_network(query.network), m_connections(query.network, query.order) {}

  std::vector<FusedGroup> find() {
    std::vector<FusedGroup> groups;
    if (m_query.attention) groups = findAttention(m_query);
    for (const auto& group : groups) m_taken.insert(group.members.begin(), group.members.end());
    for (const OperationId id : m_query.order) {
      const auto& operation = m_network.operation(id);
      const bool convolution = operation.type == "Conv", product = operation.type == "MatMul" || operation.type == "Gemm";
      if (!operation.domain.empty() || (!convolution && !product) || m_taken.count(id) || m_query.fixed(operation.output(0))) continue;
      FusedGroup group;
      group.anchor = id;
      group.members = {id};
      group.output = operation.output(0);
      if (convolution) takeNormalization(group);
      if (product) takeBias(group);
      takeResidual(group);
      takeActivation(group);
      if (group.members.size() < 2) continue;
      m_taken.insert(group.members.begin(), group.members.end());
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  const Operation& at(OperationId id) const { return m_network.operation(id); }

  const std::vector<OperationId>& consumers(ValueId id) const { return m_connections.consumers(id); }

  bool is(OperationId id, const char* type) const {
    return id.valid() && at(id).type == type && at(id).domain.empty() && !m_taken.count(id);
  }

  /// The operation that alone reads the group's result so far, if nobody else may see that; invalid otherwise.
  OperationId next(const FusedGroup& group) const {
    const auto& readers = consumers(group.output);
    return readers.size() == 1 && !m_query.visible(group.output) ? readers[0] : OperationId{};
  }

  void append(FusedGroup& group, OperationId id) const {
    group.members.push_back(id);
    group.output = at(id).output(0);
  }

  static std::size_t outputs(const Operation& operation) {
    std::size_t count = 0;
    for (const ValueId output : operation.outputs) count += output.valid();
    return count;
  }

  /// The other input of a commutative operation, invalid if both are `one`.
  static ValueId other(const Operation& operation, ValueId one) {
    if (operation.inputs.size() != 2) return {};
    if (operation.inputs[0] == operation.inputs[1]) return {};
    return operation.inputs[0] == one ? operation.inputs[1] : operation.inputs[0];
  }

  void takeNormalization(FusedGroup& group) const {
    const OperationId id = next(group);
    if (!is(id, "BatchNormalization")) return;
    const auto& operation = at(id);
    if (operation.input(0) != group.output || operation.attributes.whole("training_mode", 0) != 0 || outputs(operation) != 1 ||
        m_network.opset({}) < 7)
      return;
    for (std::size_t i = 1; i < 5; ++i)
      if (!operation.input(i).valid() || !m_query.fixed(operation.input(i))) return;
    group.normalization = id;
    append(group, id);
  }

  void takeBias(FusedGroup& group) const {
    const OperationId id = next(group);
    if (!is(id, "Add")) return;
    const ValueId bias = other(at(id), group.output);
    if (!bias.valid() || !m_query.fixed(bias)) return;
    group.bias = bias;
    append(group, id);
  }

  void takeResidual(FusedGroup& group) const {
    const OperationId id = next(group);
    if (!is(id, "Add")) return;
    const ValueId residual = other(at(id), group.output);
    if (!residual.valid() || m_query.fixed(residual)) return;
    group.residual = residual;
    append(group, id);
  }

  void takeActivation(FusedGroup& group) const {
    if (takeGelu(group) || takeGated(group)) return;
    const OperationId id = next(group);
    if (!id.valid() || m_taken.count(id) || !at(id).domain.empty()) return;
    const auto& operation = at(id);
    const Activation activation = activationOf(operation);
    if (activation.kind == Activation::Kind::none) return;
    if (operation.type == "Clip") {
      for (std::size_t i = 1; i < operation.inputs.size(); ++i)
        if (operation.inputs[i].valid() && !m_query.fixed(operation.inputs[i])) return;
      if (operation.input(0) != group.output) return;
      group.low = operation.input(1);
      group.high = operation.input(2);
    }
    group.activation = activation;
    append(group, id);
  }

  /// The number that a value always has, where it is known without running.
  struct Number {
    double value, tolerance;  ///< relative: of its type
  };
  std::optional<Number> number(ValueId id) const {
    const Tensor* tensor = nullptr;
    Tensor local;
    if (!id.valid() || !m_query.fixed(id)) return {};
    if (m_network.value(id).isConstant()) {
      tensor = &m_network.value(id).constant;
    } else if (const OperationId producer = m_connections.producer(id); producer.valid() && at(producer).type == "Constant") {
      const auto& attributes = at(producer).attributes;
      if (attributes.has("value_float")) return Number{attributes.number("value_float", 0), 1e-6};
      tensor = attributes.tensor("value");
    }
    if (!tensor || tensor->count() != 1 || !isFloating(tensor->type())) return {};
    const double value = ElementReader(*tensor).number(0);
    switch (tensor->type()) {
      case DataType::float32: return Number{value, 1e-6};
      case DataType::float16: return Number{value, 0x1p-11};
      case DataType::bfloat16: return Number{value, 0x1p-8};
      default: return {};
    }
  }

  bool isNumber(ValueId id, double expected) const {
    const auto found = number(id);
    return found && std::abs(found->value - expected) <= found->tolerance * std::abs(expected);
  }

  OperationId only(ValueId id, const char* type) const {
    const auto& readers = consumers(id);
    return readers.size() == 1 && !m_query.visible(id) && is(readers[0], type) ? readers[0] : OperationId{};
  }

  /// x * (1 + erf(x / sqrt 2)) / 2, written out; the half may come before or after the product.
  bool takeGelu(FusedGroup& group) const {
    const ValueId x = group.output;
    const auto& readers = consumers(x);
    if (readers.size() != 2 || m_query.visible(x)) return false;
    for (int turn = 0; turn < 2; ++turn) {
      const OperationId divide = readers[static_cast<std::size_t>(turn)], second = readers[static_cast<std::size_t>(1 - turn)];
      if (m_taken.count(divide) || m_taken.count(second)) continue;
      const bool scaled = (is(divide, "Div") && at(divide).input(0) == x && isNumber(at(divide).input(1), std::sqrt(2.0))) ||
                          (is(divide, "Mul") && isNumber(other(at(divide), x), std::sqrt(0.5)));
      if (!scaled) continue;
      const OperationId erf = only(at(divide).output(0), "Erf");
      const OperationId add = erf.valid() ? only(at(erf).output(0), "Add") : OperationId{};
      if (!add.valid() || !isNumber(other(at(add), at(erf).output(0)), 1)) continue;
      const OperationId product = only(at(add).output(0), "Mul");
      if (!product.valid()) continue;
      const ValueId factor = other(at(product), at(add).output(0));
      OperationId last;
      if (product == second && factor == x) {
        last = only(at(product).output(0), "Mul");
        if (!last.valid() || !isNumber(other(at(last), at(product).output(0)), 0.5)) continue;
      } else if (is(second, "Mul") && isNumber(other(at(second), x), 0.5) && factor == at(second).output(0) &&
                 only(factor, "Mul") == product) {
        last = product;
      } else {
        continue;
      }
      for (const OperationId id : {divide, erf, add}) group.members.push_back(id);
      if (last != product) group.members.push_back(product);
      else group.members.push_back(second);
      append(group, last);
      group.activation = {Activation::Kind::gelu};
      return true;
    }
    return false;
  }

  /// x * sigmoid(x) and x * hardSigmoid(x), written out.
  bool takeGated(FusedGroup& group) const {
    const ValueId x = group.output;
    const auto& readers = consumers(x);
    if (readers.size() != 2 || m_query.visible(x)) return false;
    for (int turn = 0; turn < 2; ++turn) {
      const OperationId gate = readers[static_cast<std::size_t>(turn)], product = readers[static_cast<std::size_t>(1 - turn)];
      if (!is(product, "Mul") || m_taken.count(gate)) continue;
      const bool silu = is(gate, "Sigmoid");
      const bool hard = is(gate, "HardSigmoid") && std::abs(at(gate).attributes.number("alpha", 0.2F) - 1.0 / 6) < 1e-6 &&
                        at(gate).attributes.number("beta", 0.5F) == 0.5F;
      if ((!silu && !hard) || only(at(gate).output(0), "Mul") != product || other(at(product), x) != at(gate).output(0)) continue;
      group.members.push_back(gate);
      append(group, product);
      group.activation = {silu ? Activation::Kind::silu : Activation::Kind::hardSwish};
      return true;
    }
    return false;
  }

  const FusionQuery& m_query;
  const Network& m_network;
  SliceConnections m_connections;
  std::set<OperationId> m_taken;
};

}  // namespace

std::vector<FusedGroup> findGroups(const FusionQuery& query) { return Finder(query).find(); }

}  // namespace planish
