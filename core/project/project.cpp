#include "core/project/project.h"

#include "core/base/error.h"

#include <algorithm>

namespace planish {
namespace {

template <typename Items, typename Key>
auto findBy(const Items& items, std::string_view wanted, Key key) -> const typename Items::value_type* {
  for (const auto& item : items)
    if (key(item) == wanted) return &item;
  return nullptr;
}

template <typename Items, typename Key>
void replaceOrAdd(Items& items, typename Items::value_type item, Key key) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const auto& other) { return key(other) == key(item); });
  if (found == items.end())
    items.push_back(std::move(item));
  else
    *found = std::move(item);
}

const auto kMetricOf = [](const SensitivityTable& table) -> const std::string& { return table.metric; };
const auto kNameOf = [](const Plan& plan) -> const std::string& { return plan.name; };
const auto kPlanOf = [](const CompressionResult& result) -> const std::string& { return result.plan; };
const auto kFileOf = [](const ExportRecord& record) -> const std::string& { return record.file; };

ValueId known(const Network& network, const std::map<std::string, ValueId>& byName, const std::string& name) {
  const auto found = byName.find(name);
  if (found == byName.end())
    throw Error(ErrorKind::invalidInput,
                "the project speaks of '" + printable(name) + "', which is not in the network")
        .in(network.file);
  return found->second;
}

}  // namespace

const SensitivityTable* Project::table(std::string_view metric) const {
  return findBy(tables, metric, kMetricOf);
}
const Plan* Project::plan(std::string_view name) const {
  return findBy(plans, name, kNameOf);
}
const CompressionResult* Project::result(std::string_view plan) const {
  return findBy(results, plan, kPlanOf);
}

void Project::put(SensitivityTable table) {
  replaceOrAdd(tables, std::move(table), kMetricOf);
}
void Project::put(Plan plan) {
  replaceOrAdd(plans, std::move(plan), kNameOf);
}
void Project::put(CompressionResult result) {
  replaceOrAdd(results, std::move(result), kPlanOf);
}
void Project::put(ExportRecord record) {
  replaceOrAdd(exports, std::move(record), kFileOf);
}

StoredNetwork store(const CompressedNetwork& compressed, const Network& network) {
  StoredNetwork stored;
  for (const auto& [id, tensor] : compressed.weights)
    stored.weights[network.value(id).name] = tensor;
  for (const auto& [id, tensor] : compressed.edits)
    stored.edits[network.value(id).name] = tensor;
  for (const auto& [id, format] : compressed.activations)
    stored.activations[network.value(id).name] = format;
  return stored;
}

CompressedNetwork restore(const StoredNetwork& stored, const Network& network, const Layers& layers) {
  std::map<std::string, ValueId> byName;
  for (std::int32_t i = 0; i < network.valueCount(); ++i)
    byName.emplace(network.value({i}).name, ValueId{i});
  CompressedNetwork compressed;
  for (const auto& [name, tensor] : stored.weights) {
    const ValueId id = known(network, byName, name);
    const Layer* layer = layers.ofWeight(id);
    if (!layer || layer->rows() != tensor.rows || layer->columns() != tensor.columns)
      throw Error(ErrorKind::invalidInput,
                  "the compressed weight '" + printable(name) + "' does not fit the network")
          .in(network.file);
    compressed.weights[id] = tensor;
  }
  for (const auto& [name, tensor] : stored.edits) {
    const ValueId id = known(network, byName, name);
    const Tensor& original = network.value(id).constant;
    if (!original.defined() || original.shape() != tensor.shape())
      throw Error(ErrorKind::invalidInput,
                  "the corrected constant '" + printable(name) + "' does not fit the network")
          .in(network.file);
    compressed.edits[id] = tensor;
  }
  for (const auto& [name, format] : stored.activations)
    compressed.activations[known(network, byName, name)] = format;
  return compressed;
}

}  // namespace planish
