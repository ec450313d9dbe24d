#include "core/compute/fusion.h"
#include "core/compute/slice_connections.h"
#include "core/compute/strided_view.h"

#include <algorithm>
#include <set>

namespace planish {
namespace {

class AttentionFinder {
 public:
  explicit AttentionFinder(const FusionQuery& query)
      : m_query(query), m_network(query.network), m_connections(query.network, query.order) {}

  std::vector<FusedGroup> find() {
    std::vector<FusedGroup> groups;
    for (const OperationId id : m_query.order) {
      AttentionParts parts;
      if (!takeSoftmax(id, parts)) continue;
      parts.query = traced(at(parts.scores).input(0), true);
      parts.keyTurned = traced(at(parts.scores).input(1), true);
      parts.value = traced(at(parts.product).input(1), false);
      prune(parts);
      FusedGroup group;
      group.anchor = parts.product;
      group.output = at(parts.product).output(0);
      std::set<OperationId> members = core(parts);
      for (const auto* factor : {&parts.query, &parts.keyTurned, &parts.value})
        members.insert(factor->views.begin(), factor->views.end());
      for (const char* type : {"Transpose", "Reshape"})
        if (const OperationId next = reader(group.output, type);
            next.valid() && at(next).input(0) == group.output) {
          parts.after.push_back(next);
          members.insert(next);
          group.output = at(next).output(0);
        }
      group.members.assign(members.begin(), members.end());
      group.attention = std::move(parts);
      m_taken.insert(members.begin(), members.end());
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  const Operation& at(OperationId id) const { return m_network.operation(id); }
  bool is(OperationId id, const char* type) const {
    return id.valid() && at(id).type == type && at(id).domain.empty() && !m_taken.count(id) &&
           at(id).captured.empty();
  }

  OperationId producer(ValueId id) const { return m_query.fixed(id) ? OperationId{} : m_connections.producer(id); }

  /// The operation of this type that alone reads a value which nobody else may see.
  OperationId reader(ValueId id, const char* type) const {
    const auto& readers = m_connections.consumers(id);
    return readers.size() == 1 && !m_query.visible(id) && is(readers[0], type) ? readers[0] : OperationId{};
  }

  /// The other input of Mul, Div or Add where it is made of weights and shapes: a factor, if it is one
  /// number.
  ValueId fixedSide(const Operation& operation, ValueId one) const {
    if (operation.inputs.size() != 2 || operation.inputs[0] == operation.inputs[1]) return {};
    if (operation.type == "Div" && operation.inputs[0] != one) return {};
    const ValueId other = operation.inputs[0] == one ? operation.inputs[1] : operation.inputs[0];
    return m_query.fixed(other) ? other : ValueId{};
  }

  bool takeSoftmax(OperationId id, AttentionParts& parts) const {
    if (!is(id, "Softmax") || m_network.opset({}) < 13 || m_query.fixed(at(id).output(0))) return false;
    parts.softmax = id;
    parts.product = reader(at(id).output(0), "MatMul");
    if (!parts.product.valid() || at(parts.product).input(0) != at(id).output(0) ||
        at(parts.product).input(1) == at(id).output(0))
      return false;
    return takeScores(at(id).input(0), id, parts);
  }

  /// From the softmax's input up to the product of queries and keys.
  bool takeScores(ValueId value, OperationId readBy, AttentionParts& parts) const {
    const OperationId id = producer(value);
    if (!id.valid() || m_query.visible(value) || reader(value, at(readBy).type.c_str()) != readBy)
      return false;
    if (is(id, "MatMul")) {
      parts.scores = id;
      return at(id).input(0) != at(id).input(1);
    }
    if (at(id).inputs.size() != 2) return false;
    if (is(id, "Add") && !parts.mask.valid()) {
      for (int i = 0; i < 2; ++i) {
        AttentionParts tried = parts;
        tried.mask = at(id).inputs[static_cast<std::size_t>(1 - i)];
        tried.scales.clear();
        if (!parts.scales.empty() || !takeScores(at(id).inputs[static_cast<std::size_t>(i)], id, tried))
          continue;  // a scale behind the mask would scale it, too
        parts = std::move(tried);
        parts.added = id;
        return true;
      }
      return false;
    }
    if (!is(id, "Mul") && !is(id, "Div")) return false;
    for (const ValueId input : at(id).inputs) {
      if (!fixedSide(at(id), input).valid()) continue;
      parts.scales.push_back(id);
      return takeScores(input, id, parts);
    }
    return false;
  }

  /// As far up as views go; `scaled`: numbers may be multiplied on the way.
  AttentionParts::Factor traced(ValueId value, bool scaled) const {
    AttentionParts::Factor factor{value, value, {}};
    for (;;) {
      const OperationId id = producer(factor.source);
      if (!id.valid() || m_query.visible(factor.source) || m_taken.count(id) || !at(id).domain.empty() ||
          !at(id).captured.empty())
        break;
      ValueId from;
      if (StridedView::knows(at(id).type)) {
        from = at(id).input(0);
      } else if (scaled && (at(id).type == "Mul" || at(id).type == "Div")) {
        for (const ValueId input : at(id).inputs)
          if (fixedSide(at(id), input).valid()) from = input;
      }
      if (!from.valid()) break;
      factor.views.insert(factor.views.begin(), id);
      factor.source = from;
    }
    return factor;
  }

  std::set<OperationId> core(const AttentionParts& parts) const {
    std::set<OperationId> members{parts.scores, parts.softmax, parts.product};
    members.insert(parts.scales.begin(), parts.scales.end());
    if (parts.added.valid()) members.insert(parts.added);
    return members;
  }

  /// Leaves views whose results nobody outside reads: what is before one that must be made anyway is made
  /// anyway.
  void prune(AttentionParts& parts) const {
    AttentionParts::Factor* const factors[] = {&parts.query, &parts.keyTurned, &parts.value};
    for (bool changed = true; changed;) {
      changed = false;
      std::set<OperationId> members = core(parts);
      for (const auto* factor : factors)
        members.insert(factor->views.begin(), factor->views.end());
      const auto hidden = [&](OperationId id) {
        return std::ranges::all_of(at(id).outputs, [&](ValueId output) {
          if (!output.valid()) return true;
          if (m_query.visible(output)) return false;
          return std::ranges::all_of(m_connections.consumers(output), [&](OperationId by) { return members.count(by) != 0; });
        });
      };
      for (auto* factor : factors)
        for (std::size_t i = factor->views.size(); i-- > 0;) {
          if (hidden(factor->views[i])) continue;
          factor->source = outputRead(*factor, i);
          factor->views.erase(factor->views.begin(),
                              factor->views.begin() + static_cast<std::ptrdiff_t>(i) + 1);
          changed = true;
          break;
        }
    }
  }

  /// What the step after view i reads of it.
  ValueId outputRead(const AttentionParts::Factor& factor, std::size_t i) const {
    for (const ValueId output : at(factor.views[i]).outputs) {
      if (!output.valid()) continue;
      if (i + 1 < factor.views.size() ? std::ranges::count(at(factor.views[i + 1]).inputs, output) != 0
                                      : output == factor.end)
        return output;
    }
    return {};
  }

  const FusionQuery& m_query;
  const Network& m_network;
  SliceConnections m_connections;
  std::set<OperationId> m_taken;
};

}  // namespace

std::vector<FusedGroup> findAttention(const FusionQuery& query) {
  return AttentionFinder(query).find();
}

}  // namespace planish
