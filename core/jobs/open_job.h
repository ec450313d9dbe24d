#pragma once

#include "core/data/batch_source.h"
#include "core/network/layer.h"
#include "core/plugin/plugin_api.h"
#include "core/project/project.h"

namespace planish {

/// A network ready for work: imported, passes applied, layers found.
struct OpenedNetwork {
  std::shared_ptr<const Network> network;
  Layers layers;
  std::vector<std::string> skipped;  ///< operations that look like layers but cannot be compressed, and why
  NetworkReference reference;
};

/// Imports with the first importer that takes the file and applies the passes in order. Throws Error(unsupported) listing the
/// formats if none does, Error(usage) for an unknown pass.
OpenedNetwork openNetwork(const std::filesystem::path& path, const std::vector<std::string>& passes, const PluginRegistries& plugins, const Progress& progress);

/// Opens what a project refers to; throws Error(invalidInput) if the file is no longer the same (P20).
OpenedNetwork reopenNetwork(const NetworkReference& reference, const PluginRegistries& plugins, const Progress& progress);

/// The passes that can be asked for by name: "fold-batchnorm", "drop-identity", "fold-constants".
std::vector<std::string> passNames();

/// Names parted by commas; a part of fingerprints.
std::string passesText(const NetworkReference& reference);

/// The wanted passes and those that quantised activations need: runtimes fuse only convolutions whose BatchNorm is folded.
std::vector<std::string> passesFor(const std::vector<Setting>& settings, std::vector<std::string> wanted);

/// Opens for work with these settings: with the passes that they need, and those that make hidden layers visible (said as a message).
OpenedNetwork openForWork(const std::filesystem::path& path, const std::vector<std::string>& wanted, const std::vector<Setting>& settings, const PluginRegistries& plugins,
                          const Progress& progress);

/// Passes without which layers stay hidden, since their weights are computed from constants: "fold-constants" where it finds more.
std::vector<std::string> helpfulPasses(const OpenedNetwork& opened);

/// Data bound to a network.
struct OpenedData {
  std::unique_ptr<BatchSource> source;
  DataReference reference;
};
OpenedData openData(const Network& network, const DatasetRequest& request, const Preprocessing& preprocessing, std::int64_t limit, std::int64_t batch,
                    const PluginRegistries& plugins);
/// Throws Error(invalidInput) if the data is no longer the same.
OpenedData reopenData(const Network& network, const DataReference& reference, const PluginRegistries& plugins);

/// Path as it will still be found from elsewhere.
std::string absolutePath(const std::filesystem::path& path);

}  // namespace planish
