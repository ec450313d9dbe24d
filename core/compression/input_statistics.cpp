#include "core/compression/input_statistics.h"

namespace planish {

Statistics inputStatistics(const Registry<Compressor>& compressors, const Network& network, const Layers& layers,
                           const std::map<LayerId, std::vector<Setting>>& settings, const BatchSource* calibration, const Context& context,
                           const Progress& progress) {
  std::map<LayerId, StatisticsNeeds> needs, wants;
  std::string who;
  for (const auto& [id, list] : settings) {
    StatisticsNeeds needed, wanted;
    for (const auto& setting : list)
      for (const Compressor* compressor : pipelineFor(compressors, layers[id], setting)) {
        needed = needed | compressor->needs();
        wanted = wanted | compressor->wants(layers[id]);
        if (compressor->needs().any()) who = compressor->declaration().id;
      }
    if (needed.any()) needs[id] = needed | wanted;
    else if (wanted.any()) wants[id] = wanted;
  }
  if (!calibration) {
    if (!needs.empty()) throw Error(ErrorKind::usage, "compressor '" + who + "' needs statistics of the layers' inputs").remedy("give calibration data");
    return {};
  }
  const double share = needs.empty() ? 0 : wants.empty() ? 1 : 0.8;
  Statistics statistics;
  if (!needs.empty()) statistics = collectStatistics(network, layers, needs, {}, *calibration, {}, context, progress.part(0, share));
  if (!wants.empty()) {
    const std::int64_t batch = calibration->batchSize();
    const BatchSource sketch = calibration->first((kSketchSamples + batch - 1) / batch * batch);
    statistics.inputs.merge(collectStatistics(network, layers, wants, {}, sketch, {}, context, progress.part(share, 1)).inputs);
  }
  return statistics;
}

}  // namespace planish
