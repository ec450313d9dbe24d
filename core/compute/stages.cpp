#include "core/compute/stages.h"

#include "core/compute/program.h"

#include <algorithm>
#include <set>

namespace planish {
namespace {

/// Walks a program from its end and knows which values have to pass from the steps in front to those behind.
class Backwards {
 public:
  Backwards(const Network& network, const Connections& connections, const Program& program, const StageRules& rules)
      : m_network(network), m_connections(connections), m_program(program), m_rules(rules) {}

  /// A value is needed behind: itself, or, where weights and shapes alone make it and it is made again, those whose shapes are read.
  void need(ValueId id) {
    if (!id.valid() || m_network.value(id).isConstant()) return;
    const OperationId producer = m_connections.producer[static_cast<std::size_t>(id.index)];
    const bool fixed = m_program.fixed[static_cast<std::size_t>(m_program.slot(id))];
    if (!fixed || !producer.valid()) {
      if (m_needed.insert(id).second) count(id, 1);
      return;
    }
    if (!m_again.insert(producer).second) return;
    const auto& operation = m_network.operation(producer);
    for (const auto* list : {&operation.inputs, &operation.captured}) std::ranges::for_each(*list, [this](ValueId input) { need(input); });
  }

  /// The step that is in front of all seen so far.
  void add(const Step& step) {
    std::int64_t touched = 0;
    for (const OperationId id : step.operations)
      for (const ValueId output : m_network.operation(id).outputs) {
        if (m_needed.erase(output)) count(output, -1);
        touched += bytes(output);
      }
    std::set<ValueId> made;
    for (const OperationId id : step.operations) {
      const auto& operation = m_network.operation(id);
      for (const auto* list : {&operation.inputs, &operation.captured})
        for (const ValueId input : *list) {
          if (!input.valid() || made.contains(input)) continue;
          if (m_network.value(input).isConstant()) m_weightBytes += m_network.value(input).constant.byteSize();
          else touched += bytes(input);
          need(input);
        }
      made.insert(operation.outputs.begin(), operation.outputs.end());
    }
    m_mostTouched = std::max(m_mostTouched, touched);
  }

  bool isGoodCut() const { return m_unknown == 0 && m_weightBytes >= m_rules.leastWeightBytes && 2 * m_neededBytes <= m_mostTouched; }

  std::vector<ValueId> cut() {
    m_weightBytes = m_mostTouched = 0;
    return {m_needed.begin(), m_needed.end()};
  }

 private:
  std::int64_t bytes(ValueId id) const { return id.valid() ? std::max<std::int64_t>(0, m_rules.sampleBytes(id)) : 0; }

  void count(ValueId id, int sign) {
    if (m_rules.sampleBytes(id) < 0) m_unknown += sign;
    m_neededBytes += sign * bytes(id);
  }

  const Network& m_network;
  const Connections& m_connections;
  const Program& m_program;
  const StageRules& m_rules;
  std::set<ValueId> m_needed;
  std::set<OperationId> m_again;
  std::int64_t m_neededBytes = 0, m_weightBytes = 0, m_mostTouched = 0;
  int m_unknown = 0;
};

std::vector<ValueId> inOrder(std::span<const ValueId> ids) {
  std::set<ValueId> once(ids.begin(), ids.end());
  return {once.begin(), once.end()};
}

Stage makeStage(const Network& network, const Connections& connections, std::vector<ValueId> given, std::vector<ValueId> wanted) {
  ProgramKey key;
  key.given = given;
  key.wanted = wanted;
  const Program program = makeProgram(network, connections, key);
  Stage stage{std::move(given), std::move(wanted), {}};
  for (const int slot : program.slotOf) stage.touched.push_back(slot >= 0);
  return stage;
}

template <typename Map>
bool touches(const Stage& stage, const Map* map) {
  return map && std::ranges::any_of(*map, [&](const auto& item) { return stage.touched[static_cast<std::size_t>(item.first.index)]; });
}

}  // namespace

std::vector<Stage> stagesOf(const Network& network, const Connections& connections, std::span<const ValueId> given, std::span<const ValueId> wanted,
                            const StageRules& rules) {
  ProgramKey key;
  key.given = inOrder(given);
  key.wanted = inOrder(wanted);
  key.bottlenecks = true;
  const Program program = makeProgram(network, connections, key);
  Backwards way(network, connections, program, rules);
  for (const ValueId id : key.wanted) way.need(id);
  std::vector<std::vector<ValueId>> cuts{key.wanted};
  for (std::size_t i = program.steps.size(); i-- > 1;) {
    const Step& step = program.steps[i];
    if (step.fixed) continue;  // belongs to whoever needs what it makes
    way.add(step);
    if (way.isGoodCut()) cuts.push_back(way.cut());
  }
  cuts.push_back(key.given);
  std::vector<Stage> stages;
  for (std::size_t i = cuts.size(); i-- > 1;) stages.push_back(makeStage(network, connections, cuts[i], cuts[i - 1]));
  return stages;
}

void runStages(Executor& executor, std::span<const Stage> stages, std::span<ValueMap> values, const RunOptions& options) {
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const Stage& stage = stages[s];
    RunOptions own = options;
    if (!touches(stage, options.overlay)) own.overlay = nullptr;
    ValueTransforms transforms;
    if (touches(stage, options.transforms)) {
      transforms = *options.transforms;
      // What the stage before made was changed there.
      if (s > 0)
        for (const ValueId id : stage.given) transforms.erase(id);
    }
    own.transforms = transforms.empty() ? nullptr : &transforms;
    for (ValueMap& piece : values) piece = executor.run(piece, stage.wanted, own);
  }
}

}  // namespace planish
