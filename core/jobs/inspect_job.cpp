#include "core/jobs/inspect_job.h"

#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compute/linear_algebra.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_set>

namespace planish {
namespace {

constexpr int kBins = 120;
constexpr std::size_t kMostDistinct = 4096;
constexpr std::int64_t kFullSpectrum = 1536;  ///< largest small side whose whole spectrum is computed: some seconds
constexpr int kLeadingValues = 64;

double squaredNorm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return sum;
}

double squaredDistance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - b[i];
    sum += d * d;
  }
  return sum;
}

/// |w - w'|^2 / |w|^2; an all-zero weight that stayed so has 0.
double relativeError(std::span<const float> before, std::span<const float> after) {
  const double power = squaredNorm(before), difference = squaredDistance(before, after);
  return power > 0 ? difference / power : difference;
}

int distinctValues(std::span<const float> values) {
  std::unordered_set<float> seen;
  for (const float value : values) {
    seen.insert(value);
    if (seen.size() >= kMostDistinct) break;
  }
  return static_cast<int>(seen.size());
}

LayerInspection::Histogram histogramOf(std::span<const float> values, double low, double high) {
  LayerInspection::Histogram histogram{low, high, std::vector<std::int64_t>(kBins), distinctValues(values), 0};
  const double width = high > low ? (high - low) / kBins : 1;
  for (const float value : values) {
    const auto bin = static_cast<int>((static_cast<double>(value) - low) / width);
    ++histogram.counts[static_cast<std::size_t>(std::clamp(bin, 0, kBins - 1))];
  }
  return histogram;
}

/// Different codes in use of a weight that is one plane of codes of at most 8 bits; else 0.
int levelsOf(const CompressedTensor& tensor) {
  if (tensor.planes.size() != 1) return 0;
  if (const auto* codes = dynamic_cast<const CodePlane*>(tensor.planes.front().get()))
    return static_cast<int>(std::set<std::int16_t>(codes->codes().begin(), codes->codes().end()).size());
  const auto* dense = dynamic_cast<const DensePlane*>(tensor.planes.front().get());
  if (!dense || dense->scales().empty()) return 0;
  const Tensor elements = toFloat(dense->elements());
  return distinctValues(elements.data<float>());
}

/// Neighbouring bins of the statistics' histogram put together, without the empty ends.
LayerInspection::Histogram inputHistogram(const ValueStatistics& statistics) {
  const auto& counts = statistics.histogram;
  std::size_t first = 0, last = counts.size();
  while (first < last && counts[first] == 0) ++first;
  while (last > first && counts[last - 1] == 0) --last;
  const double width = counts.empty() ? 0 : (statistics.histogramHigh - statistics.histogramLow) / static_cast<double>(counts.size());
  const std::size_t together = std::max<std::size_t>(1, (last - first + kBins - 1) / kBins);
  LayerInspection::Histogram histogram;
  histogram.low = histogram.high = statistics.histogramLow + width * static_cast<double>(first);
  for (std::size_t i = first; i < last; i += together) {
    std::int64_t sum = 0;
    for (std::size_t k = i; k < std::min(last, i + together); ++k) sum += counts[k];
    histogram.counts.push_back(sum);
    histogram.high += width * static_cast<double>(together);
  }
  return histogram;
}

class Inspection {
 public:
  Inspection(const InspectJob& job, const Context& context, const Progress& progress)
      : m_job(job), m_layer(job.network.layers[job.layer]), m_context(context), m_progress(progress),
        m_matrix(toMatrix(m_layer, job.network.network->value(m_layer.weight).constant)) {}

  LayerInspection make() {
    m_progress.throwIfStopped();
    collect();
    m_progress.report(0.4, "weights of " + m_layer.name);
    lookAtWeights();
    m_progress.report(0.5, "singular values of " + m_layer.name);
    lookAtSpectrum();
    tryOptions();
    return std::move(m_result);
  }

 private:
  bool needsStatistics(const Setting& setting) const {
    const auto pipeline = pipelineFor(m_job.plugins.compressors, m_layer, setting);
    return std::any_of(pipeline.begin(), pipeline.end(), [](const Compressor* compressor) { return compressor->needs().any(); });
  }

  /// One pass over the calibration data for the input's histogram and what compressors ask for.
  void collect() {
    m_wanted = m_job.setting;
    m_wanted.activationBits = 0;
    if (!m_wanted.isKeep() && !m_job.calibration && needsStatistics(m_wanted))
      throw Error(ErrorKind::usage, "setting " + toText(m_job.setting) + " needs statistics of the layer's input, and there is no calibration data")
          .at(m_layer.name)
          .remedy("choose calibration data");
    if (!m_job.calibration) return m_result.notes.push_back("no calibration data: the input is not shown");
    if (!m_layer.input.valid() || m_layer.kind == "embedding") return m_result.notes.push_back("the input is token numbers");
    std::map<LayerId, StatisticsNeeds> layerNeeds;
    const auto add = [&](const Setting& setting) {
      for (const Compressor* compressor : pipelineFor(m_job.plugins.compressors, m_layer, setting))
        if (const StatisticsNeeds asked = compressor->needs() | compressor->wants(m_layer); asked.any()) layerNeeds[m_layer.id] = layerNeeds[m_layer.id] | asked;
    };
    if (!m_wanted.isKeep()) add(m_wanted);
    for (const Setting& option : m_job.options)
      if (!option.isKeep()) add(option);
    StatisticsNeeds ranges;
    ranges.ranges = true;
    const BatchSource some = m_job.calibration->first(kInspectedSamples);
    m_statistics = collectStatistics(*m_job.network.network, m_job.network.layers, layerNeeds, {{m_layer.input, ranges}}, some, {}, m_context,
                                     m_progress.part(0, 0.4));
    if (const auto* input = m_statistics.value(m_layer.input)) {
      m_result.input = inputHistogram(*input);
      m_result.inputSamples = input->samples;
    }
  }

  LayerCompressor compressor() const {
    return {m_job.plugins.compressors, {m_layer, m_matrix, m_statistics.input(m_layer.id), m_job.plugins.targets.get(m_job.target).storage(), m_context}};
  }

  void lookAtWeights() {
    m_result.setting = m_job.setting;
    CompressedTensor compressed;
    Tensor decoded = m_matrix;
    if (!m_wanted.isKeep()) {
      compressed = compressor().compress(m_wanted);
      decoded = compressed.decode();
    }
    const auto before = m_matrix.data<float>(), after = decoded.data<float>();
    if (before.empty()) return;
    const auto [low, high] = std::minmax_element(before.begin(), before.end());
    const auto [lowAfter, highAfter] = std::minmax_element(after.begin(), after.end());
    const double from = std::min(*low, *lowAfter), to = std::max(*high, *highAfter);
    m_result.weightsBefore = histogramOf(before, from, to);
    m_result.weightsAfter = histogramOf(after, from, to);
    m_result.weightsAfter.levels = levelsOf(compressed);
    const auto columns = static_cast<std::size_t>(m_matrix.shape()[1]);
    for (std::size_t row = 0; row < static_cast<std::size_t>(m_matrix.shape()[0]); ++row) {
      const auto own = before.subspan(row * columns, columns);
      const auto [least, most] = std::minmax_element(own.begin(), own.end());
      m_result.channelMinimum.push_back(*least);
      m_result.channelMaximum.push_back(*most);
      m_result.channelError.push_back(static_cast<float>(relativeError(own, after.subspan(row * columns, columns))));
    }
  }

  void lookAtSpectrum() {
    m_progress.throwIfStopped();
    const std::int64_t side = std::min(m_matrix.shape()[0], m_matrix.shape()[1]);
    if (side < 1) return;
    if (side <= kFullSpectrum) {
      m_result.singularValues = singularValues(m_matrix);
    } else {
      m_result.singularValues = leadingSingularValues(m_matrix, kLeadingValues, m_context.seed);
      m_result.notes.push_back("singular values: the largest " + std::to_string(kLeadingValues) + " of " + std::to_string(side));
    }
  }

  void tryOptions() {
    LayerCompressor attempts = compressor();
    std::string left;
    for (std::size_t i = 0; i < m_job.options.size(); ++i) {
      m_progress.throwIfStopped();
      Setting option = m_job.options[i];
      option.activationBits = 0;
      if (option.isKeep()) continue;
      if (!m_statistics.input(m_layer.id) && needsStatistics(option)) {
        left += (left.empty() ? "" : ", ") + toText(m_job.options[i]);
        continue;
      }
      const Tensor decoded = attempts.compress(option).decode();
      m_result.errorByOption.emplace_back(m_job.options[i], relativeError(m_matrix.data<float>(), decoded.data<float>()));
      m_progress.report(0.6 + 0.4 * static_cast<double>(i + 1) / static_cast<double>(m_job.options.size()), "options of " + m_layer.name);
    }
    if (!left.empty()) m_result.notes.push_back("not tried without calibration data: " + left);
  }

  const InspectJob& m_job;
  const Layer& m_layer;
  const Context& m_context;
  const Progress& m_progress;
  Tensor m_matrix;  ///< float32 [rows, columns]
  Setting m_wanted;
  Statistics m_statistics;
  LayerInspection m_result;
};

}  // namespace

LayerInspection inspectLayer(const InspectJob& job, const Context& context, const Progress& progress) { return Inspection(job, context, progress).make(); }

}  // namespace planish
