#include "core/jobs/open_job.h"

#include "core/base/file.h"
#include "core/compute/passes/fold_constants.h"
#include "core/network/passes/drop_identity.h"
#include "core/network/passes/fold_batchnorm.h"

#include <algorithm>

namespace planish {
namespace {

struct NamedPass {
  std::string name;
  PassResult (*run)(const Network&);
};

const std::vector<NamedPass>& passes() {
  static const std::vector<NamedPass> all = {
      {"fold-batchnorm", [](const Network& network) { return foldBatchNorm(network); }},
      {"drop-identity", [](const Network& network) { return dropIdentity(network); }},
      {"fold-constants", [](const Network& network) { return foldConstants(network); }},
  };
  return all;
}

}  // namespace

std::vector<std::string> passNames() {
  std::vector<std::string> names;
  for (const auto& pass : passes()) names.push_back(pass.name);
  return names;
}

std::string absolutePath(const std::filesystem::path& path) {
  std::error_code failed;
  const auto absolute = std::filesystem::weakly_canonical(std::filesystem::absolute(path, failed), failed);
  return failed ? path.string() : absolute.string();
}

OpenedNetwork openNetwork(const std::filesystem::path& path, const std::vector<std::string>& wanted, const PluginRegistries& plugins, const Progress& progress) {
  const std::uint64_t size = InputFile(path).size();
  if (size == 0) throw Error(ErrorKind::invalidInput, "the file is empty").in(path.string());
  const Importer* importer = nullptr;
  std::string known;
  for (const auto& candidate : plugins.importers.all()) {
    if (!importer && candidate->canOpen(path)) importer = candidate.get();
    known += (known.empty() ? "" : ", ") + candidate->declaration().name;
  }
  if (!importer) throw Error(ErrorKind::invalidInput, "not a network file that this program reads (" + known + ")").in(printable(path.string()));
  OpenedNetwork opened;
  opened.network = importer->open(path, progress, plugins.importRules);
  for (const auto& name : wanted) {
    const NamedPass* pass = nullptr;
    for (const auto& candidate : passes())
      if (candidate.name == name) pass = &candidate;
    if (!pass) throw unknownName("network pass", name, passNames());
    PassResult result = pass->run(*opened.network);
    if (!result.changes.empty()) progress.message(name + ": " + std::to_string(result.changes.size()) + " changes");
    opened.network = std::make_shared<const Network>(std::move(result.network));
  }
  opened.layers = findLayers(*opened.network, &opened.skipped);
  opened.reference = {absolutePath(path), opened.network->name, opened.network->format, opened.network->fingerprint, size, wanted};
  return opened;
}

std::vector<std::string> helpfulPasses(const OpenedNetwork& opened) {
  if (findLayers(foldConstants(*opened.network).network).size() > opened.layers.size()) return {"fold-constants"};
  return {};
}

std::string passesText(const NetworkReference& reference) {
  std::string text;
  for (const auto& pass : reference.passes) text += (text.empty() ? "" : ",") + pass;
  return text;
}

std::vector<std::string> passesFor(const std::vector<Setting>& settings, std::vector<std::string> wanted) {
  if (std::any_of(settings.begin(), settings.end(), [](const Setting& setting) { return setting.activationBits > 0; }))
    for (const char* pass : {"drop-identity", "fold-constants", "fold-batchnorm"})
      if (std::find(wanted.begin(), wanted.end(), pass) == wanted.end()) wanted.emplace_back(pass);
  return wanted;
}

OpenedNetwork openForWork(const std::filesystem::path& path, const std::vector<std::string>& wanted, const std::vector<Setting>& settings, const PluginRegistries& plugins,
                          const Progress& progress) {
  std::vector<std::string> passes = passesFor(settings, wanted);
  OpenedNetwork network = openNetwork(path, passes, plugins, progress);
  if (const auto more = helpfulPasses(network); !more.empty()) {
    const std::size_t before = network.layers.size();
    passes.insert(passes.end(), more.begin(), more.end());
    network = openNetwork(path, passes, plugins, progress);
    progress.message("pass " + more.front() + " makes " + std::to_string(network.layers.size() - before) + " more layers visible and is applied");
  }
  return network;
}

OpenedNetwork reopenNetwork(const NetworkReference& reference, const PluginRegistries& plugins, const Progress& progress) {
  OpenedNetwork opened = openNetwork(reference.path, reference.passes, plugins, progress);
  if (opened.reference.fingerprint != reference.fingerprint)
    throw Error(ErrorKind::invalidInput, "the network has changed since the project was made (its content has another SHA-256)")
        .in(reference.path)
        .remedy("restore the file, or make a new project");
  return opened;
}

OpenedData openData(const Network& network, const DatasetRequest& request, const Preprocessing& preprocessing, std::int64_t limit, std::int64_t batch,
                    const PluginRegistries& plugins) {
  OpenedData opened;
  const auto dataset = openDataset(plugins.datasets, request);
  opened.source = std::make_unique<BatchSource>(network, dataset, preprocessing, limit, batch);
  opened.reference = {absolutePath(request.path), request.x, request.y, preprocessing.toJson(), limit, batch, opened.source->count(), opened.source->fingerprint()};
  return opened;
}

OpenedData reopenData(const Network& network, const DataReference& reference, const PluginRegistries& plugins) {
  OpenedData opened =
      openData(network, {reference.path, reference.x, reference.y}, Preprocessing::fromJson(reference.preprocessing), reference.limit, reference.batch, plugins);
  if (opened.reference.fingerprint != reference.fingerprint)
    throw Error(ErrorKind::invalidInput, "the data has changed since the project was made").in(reference.path).remedy("restore it, or measure again");
  return opened;
}

}  // namespace planish
