#include "core/allocation/allocator.h"
#include "core/base/error.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

std::int64_t wholeBytes(std::int64_t bits) { return (bits + 7) / 8 * 8; }

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The layers of each unit, by their first layer.
std::vector<std::vector<const Layer*>> unitsOf(const Layers& layers) {
  std::vector<int> setOf(layers.size(), -1);
  for (std::size_t s = 0; s < layers.sharedWeights.size(); ++s)
    for (const LayerId id : layers.sharedWeights[s]) setOf[static_cast<std::size_t>(id.index)] = static_cast<int>(s);
  std::vector<std::vector<const Layer*>> units;
  std::vector<bool> taken(layers.sharedWeights.size());
  for (const auto& layer : layers.items) {
    const int set = setOf[static_cast<std::size_t>(layer.id.index)];
    if (set < 0) {
      units.push_back({&layer});
    } else if (!taken[static_cast<std::size_t>(set)]) {
      taken[static_cast<std::size_t>(set)] = true;
      auto& unit = units.emplace_back();
      for (const LayerId id : layers.sharedWeights[static_cast<std::size_t>(set)]) unit.push_back(&layers[id]);
    }
  }
  return units;
}

/// Indices of choices that differ in the number of bits only, most bits first.
std::vector<std::vector<std::size_t>> families(const std::vector<Choice>& choices) {
  std::vector<std::pair<Setting, std::vector<std::size_t>>> found;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    Setting key = choices[i].setting;
    if (key.isKeep()) continue;
    key.bits = 0;
    auto at = std::find_if(found.begin(), found.end(), [&](const auto& family) { return family.first == key; });
    if (at == found.end()) at = found.insert(found.end(), {key, {}});
    at->second.push_back(i);
  }
  std::vector<std::vector<std::size_t>> result;
  for (auto& [key, members] : found) {
    std::stable_sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) { return choices[a].setting.bits > choices[b].setting.bits; });
    result.push_back(std::move(members));
  }
  return result;
}

/// Isotonic regression by pooling adjacent violators.
std::vector<double> neverFalling(const std::vector<double>& values, const std::vector<double>& weights) {
  struct Pool {
    double mean, weight;
    std::size_t count;
  };
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < values.size(); ++i) {
    pools.push_back({values[i], weights[i], 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean > pools.back().mean) {
      const Pool last = pools.back();
      pools.pop_back();
      Pool& into = pools.back();
      into.mean = (into.mean * into.weight + last.mean * last.weight) / (into.weight + last.weight);
      into.weight += last.weight;
      into.count += last.count;
    }
  }
  std::vector<double> result;
  for (const Pool& pool : pools) result.insert(result.end(), pool.count, pool.mean);
  return result;
}

void takeOutNoise(std::vector<Choice>& choices, double tick) {
  for (const auto& family : families(choices)) {
    std::vector<double> values, weights;
    bool errorsKnown = true;
    for (const std::size_t i : family) errorsKnown = errorsKnown && choices[i].damageError > 0;
    for (const std::size_t i : family) {
      values.push_back(choices[i].measured);
      weights.push_back(errorsKnown ? 1 / (choices[i].damageError * choices[i].damageError) : 1);
    }
    const auto smooth = neverFalling(values, weights);
    for (std::size_t k = 0; k < family.size(); ++k) choices[family[k]].damage = std::max(0.0, smooth[k]) + tick * static_cast<double>(k + 1);
  }
}

const PlannedLayer* lockOf(const ProblemInput& input, const std::vector<const Layer*>& unit) {
  if (!input.locks) return nullptr;
  const PlannedLayer* lock = nullptr;
  for (const Layer* layer : unit) {
    const auto* planned = input.locks->find(layer->name);
    if (!planned || !planned->locked) continue;
    if (lock && lock->setting != planned->setting)
      throw Error(ErrorKind::usage, "layers '" + lock->layer + "' and '" + planned->layer + "' share one weight but are locked to different settings (" +
                                        toText(lock->setting) + " and " + toText(planned->setting) + ")");
    if (!lock || planned->bits.count > lock->bits.count) lock = planned;
  }
  return lock;
}

/// A table by layer: look-ups that do not search all rows.
class RowsByLayer {
 public:
  explicit RowsByLayer(const SensitivityTable& table) {
    for (const auto& row : table.rows) m_rows[row.layer].push_back(&row);
  }
  const std::vector<const SensitivityRow*>& of(const std::string& layer) const {
    static const std::vector<const SensitivityRow*> none;
    const auto found = m_rows.find(layer);
    return found == m_rows.end() ? none : found->second;
  }
  const SensitivityRow* find(const std::string& layer, const Setting& option) const {
    for (const auto* row : of(layer))
      if (row->option == option) return row;
    return nullptr;
  }

 private:
  std::map<std::string, std::vector<const SensitivityRow*>> m_rows;
};

/// The table's cells of one option for all layers of a unit; nullopt if one of them has none.
std::optional<Choice> measuredChoice(const RowsByLayer& rows, const std::vector<const Layer*>& unit, const Setting& option) {
  Choice choice;
  choice.setting = option;
  for (const Layer* layer : unit) {
    const auto* row = rows.find(layer->name, option);
    if (!row) return std::nullopt;
    if (layer == unit.front() || row->estimate.mean > choice.measured) {
      choice.measured = row->estimate.mean;
      choice.damageError = row->estimate.standardError;
    }
    choice.bits = std::max(choice.bits, wholeBytes(row->bits.count));
  }
  choice.damage = choice.measured;
  return choice;
}

}  // namespace

AllocationProblem buildProblem(const ProblemInput& input) {
  double largest = 0;
  const RowsByLayer rows(input.table);
  for (const auto& row : input.table.rows) {
    if (!std::isfinite(row.estimate.mean))
      throw Error(ErrorKind::invalidInput, "the sensitivity table '" + input.table.metric + "' has a value that is not a number").at(row.layer + ", " + toText(row.option));
    largest = std::max(largest, std::abs(row.estimate.mean));
  }
  const double tick = largest > 0 ? largest * 1e-9 : 1e-12;

  AllocationProblem problem;
  for (const auto& members : unitsOf(input.layers)) {
    AllocationUnit unit;
    for (const Layer* layer : members) unit.layers.push_back(layer->name);
    const std::int64_t bitsNow = input.network ? input.network->value(members.front()->weight).constant.byteSize() * 8 : 0;
    for (const auto* row : rows.of(members.front()->name))
      if (auto choice = measuredChoice(rows, members, row->option)) unit.choices.push_back(std::move(*choice));
    takeOutNoise(unit.choices, tick);
    const bool keeps = std::any_of(unit.choices.begin(), unit.choices.end(), [](const Choice& choice) { return choice.setting.isKeep(); });
    if (input.network && !keeps) unit.choices.push_back({Setting{}, 0, 0, bitsNow, 0});

    if (const PlannedLayer* lock = lockOf(input, members)) {
      unit.locked = true;
      const auto same = std::find_if(unit.choices.begin(), unit.choices.end(), [&](const Choice& choice) { return choice.setting == lock->setting; });
      // A setting that was not measured: its bits are known from the plan, its damage is not and counts as none.
      Choice only = same != unit.choices.end() ? *same : Choice{lock->setting, 0, 0, wholeBytes(lock->bits.count), 0};
      unit.choices = {std::move(only)};
    }
    if (unit.choices.empty())
      throw Error(ErrorKind::usage, "the sensitivity table '" + input.table.metric + "' has no rows for '" + list(unit.layers) + "'")
          .remedy("measure this layer too, or lock its setting");
    problem.units.push_back(std::move(unit));
  }
  return problem;
}

Plan planFrom(const AllocationProblem& problem, const Allocation& allocation, const Layers& layers, const SensitivityTable& table, std::string_view solver) {
  const RowsByLayer rows(table);
  std::map<std::string, PlannedLayer, std::less<>> byName;
  Plan plan;
  plan.solver = solver;
  plan.metric = table.metric;
  double variance = 0;
  std::vector<std::string> unmeasured;
  for (std::size_t u = 0; u < problem.units.size(); ++u) {
    const auto& unit = problem.units[u];
    const auto& choice = unit.choices.at(static_cast<std::size_t>(allocation.choice.at(u)));
    variance += choice.damageError * choice.damageError;
    for (const auto& name : unit.layers) {
      const auto* row = rows.find(name, choice.setting);
      if (row) plan.predicted.count = std::max(plan.predicted.count, row->estimate.count);
      else if (!choice.setting.isKeep()) unmeasured.push_back(name);
      byName[name] = {name, choice.setting, unit.locked, {name == unit.layers.front() ? choice.bits : 0}, unit.locked ? "by hand" : std::string(solver)};
    }
  }
  for (const auto& layer : layers.items)
    if (const auto found = byName.find(layer.name); found != byName.end()) plan.layers.push_back(found->second);
  plan.predicted.mean = allocation.damage;
  plan.predicted.standardError = std::sqrt(variance);
  if (!problem.damageLimit || problem.bitLimit) plan.bound = allocation.bound;
  plan.note = allocation.reason;
  if (!unmeasured.empty())
    plan.note += (plan.note.empty() ? "" : "; ") + ("locked to settings that were not measured, their damage is not in the prediction: " + list(unmeasured));
  return plan;
}

}  // namespace planish
