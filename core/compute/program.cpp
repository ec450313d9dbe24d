#include "core/compute/program.h"

#include <algorithm>
#include <map>

namespace planish {
namespace {

bool contains(const std::vector<ValueId>& sorted, ValueId id) { return std::binary_search(sorted.begin(), sorted.end(), id); }

/// Operations whose result differs from call to call.
bool isRandom(const Operation& operation) {
  return operation.type.find("Random") != std::string::npos || operation.type == "Bernoulli" || operation.type == "Multinomial" || operation.type == "Dropout";
}

bool readsOnlyShape(const Operation& operation) { return operation.domain.empty() && (operation.type == "Shape" || operation.type == "Size"); }

class Builder {
 public:
  Builder(const Network& network, const Connections& connections, const ProgramKey& key) : m_network(network), m_connections(connections), m_key(key) {}

  Program build() {
    const auto order = slice();
    m_program.slotOf.assign(static_cast<std::size_t>(m_network.valueCount()), -1);
    for (const ValueId id : m_key.given) addSlot(id);
    for (const OperationId id : order) {
      const auto& operation = m_network.operation(id);
      for (const auto* list : {&operation.inputs, &operation.captured, &operation.outputs})
        for (const ValueId value : *list) addSlot(value);
    }
    for (const ValueId id : m_key.wanted) addSlot(id);
    findFixed(order);
    makeSteps(order);
    if (m_key.fuse && m_key.bottlenecks) joinBottlenecks();
    findReleases();
    return std::move(m_program);
  }

 private:
  /// Given or constant: needs nothing else.
  bool isSource(ValueId id) const { return contains(m_key.given, id) || contains(m_key.overlaid, id) || m_network.value(id).isConstant(); }

  std::vector<OperationId> slice() const {
    std::vector<bool> needed(static_cast<std::size_t>(m_network.operationCount()));
    std::vector<bool> seen(static_cast<std::size_t>(m_network.valueCount()));
    std::vector<ValueId> open(m_key.wanted);
    open.insert(open.end(), m_key.observed.begin(), m_key.observed.end());
    while (!open.empty()) {
      const ValueId id = open.back();
      open.pop_back();
      if (!id.valid() || seen[static_cast<std::size_t>(id.index)]) continue;
      seen[static_cast<std::size_t>(id.index)] = true;
      if (isSource(id)) continue;
      const OperationId producer = m_connections.producer[static_cast<std::size_t>(id.index)];
      const auto& value = m_network.value(id);
      if (!producer.valid()) {
        throw Error(ErrorKind::invalidInput,
                    value.missing ? "weight '" + printable(value.name) + "' is missing" : "no value was given for '" + printable(value.name) + "'")
            .in(m_network.file);
      }
      if (needed[static_cast<std::size_t>(producer.index)]) continue;
      needed[static_cast<std::size_t>(producer.index)] = true;
      const auto& operation = m_network.operation(producer);
      for (const auto* list : {&operation.inputs, &operation.captured}) open.insert(open.end(), list->begin(), list->end());
    }
    std::vector<OperationId> order;
    for (std::int32_t i = 0; i < m_network.operationCount(); ++i)
      if (needed[static_cast<std::size_t>(i)]) order.push_back({i});
    return order;
  }

  void addSlot(ValueId id) {
    if (!id.valid()) return;
    int& slot = m_program.slotOf[static_cast<std::size_t>(id.index)];
    if (slot >= 0) return;
    slot = m_program.slotCount++;
    if (!contains(m_key.given, id) && isSource(id)) m_program.weights.emplace_back(slot, id);
  }

  void findFixed(const std::vector<OperationId>& order) {
    m_program.fixed.assign(static_cast<std::size_t>(m_program.slotCount), false);
    for (const auto& [slot, id] : m_program.weights) m_program.fixed[static_cast<std::size_t>(slot)] = true;
    for (const OperationId id : order) {
      const auto& operation = m_network.operation(id);
      bool fixed = !isRandom(operation);
      if (!readsOnlyShape(operation))
        for (const auto* list : {&operation.inputs, &operation.captured})
          for (const ValueId input : *list) fixed = fixed && (!input.valid() || isFixed(input));
      if (!fixed) continue;
      m_fixedOperations.insert(id);
      for (const ValueId output : operation.outputs)
        if (output.valid() && !contains(m_key.transformed, output) && !contains(m_key.given, output))
          m_program.fixed[static_cast<std::size_t>(m_program.slot(output))] = true;
    }
  }

  bool isFixed(ValueId id) const { return m_program.fixed[static_cast<std::size_t>(m_program.slot(id))]; }

  void makeSteps(const std::vector<OperationId>& order) {
    std::map<OperationId, FusedGroup> endings;
    std::set<OperationId> inner;
    if (m_key.fuse) {
      for (auto& group : findGroups({m_network, order, [&](ValueId id) { return isVisible(id); },
                                     [&](ValueId id) { return isFixed(id); }, m_key.attention})) {
        std::sort(group.members.begin(), group.members.end());
        inner.insert(group.members.begin(), group.members.end());
        const OperationId last = group.members.back();
        endings.emplace(last, std::move(group));
      }
    }
    for (const OperationId id : order) {
      Step step;
      if (const auto ending = endings.find(id); ending != endings.end()) {
        step.operations = ending->second.members;
        step.group = std::move(ending->second);
      } else if (inner.count(id)) {
        continue;
      } else {
        step.operations = {id};
        step.fixed = m_fixedOperations.count(id) != 0;
      }
      m_program.steps.push_back(std::move(step));
    }
  }

  bool isVisible(ValueId id) const {
    return contains(m_key.wanted, id) || contains(m_key.observed, id) || contains(m_key.transformed, id) ||
           contains(m_key.given, id);
  }

  /// The convolution that a step is, with what follows in it.
  std::optional<FusedGroup> convolutionOf(const Step& step) const {
    const OperationId anchor = step.group ? step.group->anchor : step.operations[0];
    const auto& operation = m_network.operation(anchor);
    if (step.fixed || operation.type != "Conv" || !operation.domain.empty()) return {};
    if (step.group) return step.group;
    FusedGroup alone;
    alone.anchor = anchor;
    alone.members = {anchor};
    alone.output = operation.output(0);
    return alone;
  }

  /// Three steps, of which each alone reads what the one before makes, become one at the place of the last.
  void joinBottlenecks() {
    std::map<ValueId, int> readers;
    for (const Step& step : m_program.steps)
      for (const OperationId id : step.operations) {
        const auto& operation = m_network.operation(id);
        for (const auto* list : {&operation.inputs, &operation.captured})
          for (const ValueId input : *list)
            ++readers[input];
      }
    std::map<ValueId, std::size_t> makers;  // steps that are convolutions without a residual, whose result
                                            // one other reads and nobody sees
    std::vector<bool> joined(m_program.steps.size(), false);
    const auto before = [&](const FusedGroup& group) {
      const auto found = makers.find(m_network.operation(group.anchor).input(0));
      return found == makers.end() ? m_program.steps.size() : found->second;
    };
    for (std::size_t i = 0; i < m_program.steps.size(); ++i) {
      auto last = convolutionOf(m_program.steps[i]);
      if (!last) continue;
      if (!last->residual.valid() && readers[last->output] == 1 && !isVisible(last->output))
        makers[last->output] = i;
      const std::size_t second = before(*last);
      if (second == m_program.steps.size() || joined[second] ||
          m_network.operation(last->anchor).attributes.whole("group", 1) != 1)
        continue;
      auto middle = convolutionOf(m_program.steps[second]);
      const std::size_t first = before(*middle);
      if (first == m_program.steps.size() || joined[first] ||
          m_network.operation(middle->anchor).attributes.whole("group", 1) < 2)
        continue;
      auto start = convolutionOf(m_program.steps[first]);
      if (m_network.operation(start->anchor).attributes.whole("group", 1) != 1) continue;
      Step whole;
      for (const std::size_t part : {first, second, i}) {
        const auto& operations = m_program.steps[part].operations;
        whole.operations.insert(whole.operations.end(), operations.begin(), operations.end());
      }
      whole.bottleneck = {std::move(*start), std::move(*middle), std::move(*last)};
      makers.erase(whole.bottleneck.back().output);
      joined[first] = joined[second] = true;
      m_program.steps[i] = std::move(whole);
    }
    std::vector<Step> steps;
    for (std::size_t i = 0; i < joined.size(); ++i)
      if (!joined[i]) steps.push_back(std::move(m_program.steps[i]));
    m_program.steps = std::move(steps);
  }

  void findReleases() {
    std::vector<int> last(static_cast<std::size_t>(m_program.slotCount), -1);
    for (std::size_t i = 0; i < m_program.steps.size(); ++i) {
      for (const OperationId id : m_program.steps[i].operations) {
        const auto& operation = m_network.operation(id);
        for (const auto* list : {&operation.inputs, &operation.captured, &operation.outputs})
          for (const ValueId value : *list)
            if (value.valid()) last[static_cast<std::size_t>(m_program.slot(value))] = static_cast<int>(i);
      }
    }
    for (const ValueId id : m_key.wanted) last[static_cast<std::size_t>(m_program.slot(id))] = -1;
    for (std::size_t slot = 0; slot < last.size(); ++slot)
      if (last[slot] >= 0) m_program.steps[static_cast<std::size_t>(last[slot])].releases.push_back(static_cast<int>(slot));
  }

  const Network& m_network;
  const Connections& m_connections;
  const ProgramKey& m_key;
  Program m_program;
  std::set<OperationId> m_fixedOperations;
};

}  // namespace

Program makeProgram(const Network& network, const Connections& connections, const ProgramKey& key) { return Builder(network, connections, key).build(); }

}  // namespace planish
