#pragma once

#include "core/jobs/open_job.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace planish {

/// How fast this machine does what jobs consist of: measured in a moment, for estimates.
class JobRates {
 public:
  JobRates(const OpenedNetwork& network, const PluginRegistries& plugins, const BatchSource* data, const StorageRules& storage, const Context& context,
           const Progress& progress);

  /// Seconds of `samples` through the whole network on all threads, in batches of the data's size.
  double secondsOfRuns(double samples, const BatchSource& source) const;
  /// Bytes of values that are alive at one time while batches run on all threads.
  std::int64_t valueBytes(const BatchSource& source) const;
  /// Values kept in front of a layer, at the most: of all samples or of none, as a sweep keeps them within `limit`, or (`inPart`) of as many
  /// samples as fit into it, as repairs do.
  std::int64_t mostKeptBytes(const BatchSource& source, std::int64_t limit, bool inPart = false) const;

  /// Values between the stages of a sweep's way to the end, on all threads.
  std::int64_t stagedBytes(const BatchSource& source) const;

  /// Seconds that making a layer by each setting takes, without statistics. From `recorded` where it has the method, else measured on a layer
  /// of middling size.
  double secondsOfLayers(const std::vector<std::pair<const Layer*, Setting>>& cells, const std::vector<LayerResult>& recorded);
  /// Seconds and bytes of the input statistics that the cells ask for.
  double secondsOfStatistics(const std::map<LayerId, StatisticsNeeds>& needs, const BatchSource& source) const;
  std::int64_t statisticsBytes(const std::map<LayerId, StatisticsNeeds>& needs) const;
  std::map<LayerId, StatisticsNeeds> needsOf(const std::vector<std::pair<const Layer*, Setting>>& cells) const;
  /// What compressors of layers that need nothing do better with; from the first kSketchSamples only.
  std::map<LayerId, StatisticsNeeds> wantsOf(const std::vector<std::pair<const Layer*, Setting>>& cells) const;

  /// Share of a whole run from a layer to the end, and of the layer alone (0..1).
  double shareFrom(const Layer& layer) const;
  double shareOf(const Layer& layer) const;

  const std::set<std::string>& measuredMethods() const { return m_measured; }
  const std::set<std::string>& recordedMethods() const { return m_recorded; }
  std::int64_t trialSamples() const { return m_trialSamples; }

 private:
  void timeRun();
  double secondsPerWeight(const std::vector<std::pair<const Layer*, Setting>>& cells, const std::string& method, const std::vector<LayerResult>& recorded);
  std::string methodOf(const Layer& layer, const Setting& setting) const;

  const OpenedNetwork& m_network;
  const PluginRegistries& m_plugins;
  const BatchSource* m_data;
  StorageRules m_storage;
  Context m_context;
  Progress m_progress;
  std::int64_t m_trialSamples = 0;
  double m_secondsPerSample = 0;           ///< on one thread
  double m_bytesPerSample = 0;             ///< of values alive at one time
  double m_weightBytes = 0;                ///< of all layers, as floats
  std::vector<double> m_share;             ///< by operation: of it and all that follow
  std::map<ValueId, double> m_sampleBytes;
  std::map<std::string, double> m_rates;   ///< seconds a weight by method
  std::set<std::string> m_measured, m_recorded;
};

}  // namespace planish
