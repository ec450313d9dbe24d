#include "core/compression/column_sweep/sweep_run.h"

#include "core/base/parallel.h"
#include "core/compression/column_sweep/sweep_selection.h"
#include "core/compression/element_storage.h"

#include <algorithm>
#include <numeric>

namespace planish {
namespace {

/// Columns whose effect on later ones is summed in float32 before it is added.
constexpr std::int64_t kDepth = 128;

std::size_t place(std::int64_t at) { return static_cast<std::size_t>(at); }

/// The inverse of the unit upper triangle [width, width] that stands at `from` in N.
std::vector<float> inverseOf(const float* coupling, std::int64_t stride, std::int64_t width) {
  std::vector<double> rows(place(width * width));
  for (std::int64_t i = width - 1; i >= 0; --i) {
    double* row = rows.data() + i * width;
    row[i] = 1;
    for (std::int64_t k = i + 1; k < width; ++k) {
      const double factor = static_cast<double>(coupling[i * stride + k]);
      const double* below = rows.data() + k * width;
      for (std::int64_t j = k; j < width; ++j) row[j] -= factor * below[j];
    }
  }
  return {rows.begin(), rows.end()};
}

/// A matrix [depth, width] in panels of kSweepPanel columns: [panel][depth][kSweepPanel], filled with zeros at the right.
void pack(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t width, std::vector<float>& panels) {
  const std::int64_t count = (width + kSweepPanel - 1) / kSweepPanel;
  panels.resize(place(count * depth * kSweepPanel));
  for (std::int64_t p = 0; p < count; ++p)
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t j = 0; j < kSweepPanel; ++j) {
        const std::int64_t column = p * kSweepPanel + j;
        panels[place((p * depth + k) * kSweepPanel + j)] = column < width ? matrix[k * stride + column] : 0.f;
      }
}

}  // namespace

SweepRun::SweepRun(SweepLayer layer, std::span<const float> weight, const SweepOptions& options)
    : m_layer(layer), m_weight(weight), m_options(options),
      m_scales(layer.rows, layer.columns, static_cast<std::int64_t>(layer.factors.size()), options, layer.factors),
      m_masked(options.sparsity.kind != Sparsity::Kind::none || !options.fixedMask.empty()),
      m_compensated(options.sparsity.kind != Sparsity::Kind::none || m_scales.dynamic()) {
  const auto factors = static_cast<std::int64_t>(layer.factors.size()), rows = layer.rows / factors;
  for (std::int64_t f = 0; f < factors; ++f)
    for (std::int64_t row = 0; row < rows; row += kSweepLanes) {
      m_chunks.push_back({f, f * rows + row, std::min(kSweepLanes, rows - row)});
      m_lanes.push_back(m_chunks.back().count);
    }
  m_errors.resize(place(layer.rows));
  m_distances.resize(place(layer.rows));
}

std::int64_t SweepRun::blockWidth() const {
  std::int64_t unit = 1;
  if (m_scales.dynamic()) unit = m_scales.width();
  if (m_options.sparsity.kind == Sparsity::Kind::pattern) unit = std::lcm(unit, std::int64_t(m_options.sparsity.of));
  return std::min(m_layer.columns, unit >= m_options.block ? unit : m_options.block / unit * unit);
}

void SweepRun::fillOriginal() {
  const std::int64_t columns = m_layer.columns;
  m_original.assign(place(chunkCount() * columns * kSweepLanes), 0.f);
  m_difference.resize(m_original.size());
  parallelFor(m_layer.threads, chunkCount(), 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      const Chunk& chunk = m_chunks[place(c)];
      for (std::int64_t step = 0; step < columns; ++step) {
        const std::int64_t column = columnAt(c, step);
        if (m_options.zeroDead && factorOf(c).dead[place(column)]) continue;
        for (std::int64_t r = 0; r < chunk.count; ++r) originalOf(c, step)[r] = m_weight[place((chunk.row + r) * columns + column)];
      }
    }
  });
}

std::vector<float> SweepRun::withoutDead() const {
  std::vector<float> weight(m_weight.begin(), m_weight.end());
  if (!m_options.zeroDead) return weight;
  for (const auto& chunk : m_chunks)
    for (std::int64_t column = 0; column < m_layer.columns; ++column)
      if (m_layer.factors[place(chunk.factor)].dead[place(column)])
        for (std::int64_t r = 0; r < chunk.count; ++r) weight[place((chunk.row + r) * m_layer.columns + column)] = 0;
  return weight;
}

SweepRun::Block SweepRun::makeBlock(std::int64_t from, std::int64_t width) const {
  Block block{from, width, (width + kSweepPanel - 1) / kSweepPanel * kSweepPanel, {}, {}, {}, {}};
  for (const auto& factor : m_layer.factors) {
    std::vector<float> weight, live;
    for (std::int64_t i = from; i < from + width; ++i) {
      weight.push_back(static_cast<float>(factor.weight[place(i)]));
      live.push_back(factor.dead[place(factor.order[place(i)])] ? 0.f : 1.f);
    }
    block.weight.push_back(std::move(weight));
    block.live.push_back(std::move(live));
    if (!m_compensated) continue;
    block.inverse.push_back(inverseOf(factor.coupling.data() + from * m_layer.columns + from, m_layer.columns, width));
    block.panels.emplace_back();
    pack(block.inverse.back().data(), width, width, width, block.panels.back());
  }
  return block;
}

/// The block's weights as all earlier columns leave them, for some chunks.
void SweepRun::compensate(const Block& block, std::int64_t begin, std::int64_t end) {
  std::vector<float> buffer;
  for (std::int64_t first = begin; first < end;) {
    std::int64_t last = first;
    while (last < end && m_chunks[place(last)].factor == m_chunks[place(first)].factor) ++last;
    for (std::int64_t c = first; c < last; ++c) std::fill_n(workOf(block, c), block.padded * kSweepLanes, 0.f);
    addEarlier(block, m_chunks[place(first)].factor, first, last, buffer);
    for (std::int64_t c = first; c < last; ++c) {
      if (m_compensated) toCompensated(block, c, buffer);
      float* work = workOf(block, c);
      const float* original = originalOf(c, block.from);
      for (std::int64_t i = 0; i < block.width * kSweepLanes; ++i) work[i] += original[i];
    }
    first = last;
  }
}

/// Adds the differences of all earlier columns times N.
void SweepRun::addEarlier(const Block& block, std::int64_t factor, std::int64_t begin, std::int64_t end, std::vector<float>& tile) {
  const auto multiply = sweepKernels().multiply;
  const float* coupling = m_layer.factors[place(factor)].coupling.data();
  for (std::int64_t k = 0; k < block.from; k += kDepth) {
    const std::int64_t depth = std::min(kDepth, block.from - k);
    pack(coupling + k * m_layer.columns + block.from, m_layer.columns, depth, block.width, tile);
    for (std::int64_t c = begin; c < end; ++c)
      for (std::int64_t j = 0; j < block.width; j += kSweepPanel)
        multiply(differenceOf(c, k), tile.data() + j * depth, depth, workOf(block, c) + j * kSweepLanes);
  }
}

/// Sums S of earlier differences become the block's best continuous answer to them, S N^-1.
void SweepRun::toCompensated(const Block& block, std::int64_t chunk, std::vector<float>& sums) {
  if (block.from == 0) return;
  float* work = workOf(block, chunk);
  sums.assign(work, work + block.width * kSweepLanes);
  std::fill_n(work, block.padded * kSweepLanes, 0.f);
  const float* panels = block.panels[place(m_chunks[place(chunk)].factor)].data();
  for (std::int64_t j = 0; j < block.width; j += kSweepPanel)
    sweepKernels().multiply(sums.data(), panels + j * block.width, std::min(block.width, j + kSweepPanel), work + j * kSweepLanes);
}

void SweepRun::score(const Block& block, std::int64_t chunk) {
  const float* work = workOf(block, chunk);
  const auto& weight = block.weight[place(m_chunks[place(chunk)].factor)];
  float* scores = m_scores.data() + chunk * block.width * kSweepLanes;
  for (std::int64_t i = 0; i < block.width * kSweepLanes; ++i) scores[i] = work[i] * work[i] * weight[place(i / kSweepLanes)];
}

void SweepRun::choosePattern(const Block& block, std::int64_t chunk, std::int64_t from) {
  const std::int64_t length = std::min<std::int64_t>(m_options.sparsity.of, block.width - from);
  const std::int64_t keep = std::min<std::int64_t>(m_options.sparsity.keep, length);
  const auto& weight = block.weight[place(m_chunks[place(chunk)].factor)];
  const float* work = workOf(block, chunk) + from * kSweepLanes;
  float* stays = staysOf(block, chunk) + from * kSweepLanes;
  std::fill_n(stays, length * kSweepLanes, 0.f);
  std::vector<std::pair<float, std::int64_t>> order(place(length));
  for (std::int64_t r = 0; r < kSweepLanes; ++r) {
    for (std::int64_t i = 0; i < length; ++i) {
      const float w = work[i * kSweepLanes + r];
      order[place(i)] = {-(w * w * weight[place(from + i)]), i};
    }
    std::partial_sort(order.begin(), order.begin() + keep, order.end());
    for (std::int64_t i = 0; i < keep; ++i) stays[order[place(i)].second * kSweepLanes + r] = 1.f;
  }
}

void SweepRun::findScales(const Block& block, std::int64_t chunk, std::int64_t from) {
  const std::int64_t length = std::min(m_scales.width(), block.width - from);
  const Chunk& rows = m_chunks[place(chunk)];
  const float* work = workOf(block, chunk) + from * kSweepLanes;
  std::vector<float> values(place(length));
  for (std::int64_t r = 0; r < rows.count; ++r) {
    for (std::int64_t i = 0; i < length; ++i) values[place(i)] = work[i * kSweepLanes + r];
    m_scales.find(rows.row + r, m_scales.groupOf(block.from + from), values);
  }
}

void SweepRun::fixMask(const Block& block, std::int64_t chunk) {
  const Chunk& rows = m_chunks[place(chunk)];
  float* stays = staysOf(block, chunk);
  for (std::int64_t i = 0; i < block.width; ++i)
    for (std::int64_t r = 0; r < rows.count; ++r)
      stays[i * kSweepLanes + r] = m_options.fixedMask[place((rows.row + r) * m_layer.columns + columnAt(chunk, block.from + i))] ? 1.f : 0.f;
}

void SweepRun::settle(const Block& block, std::int64_t chunk, SweepResult& result) {
  const Chunk& rows = m_chunks[place(chunk)];
  const auto factor = place(rows.factor);
  float scale[kSweepLanes], zero[kSweepLanes], error[kSweepLanes] = {}, distance[kSweepLanes] = {};
  std::fill_n(scale, kSweepLanes, 1.f);
  std::fill_n(zero, kSweepLanes, 0.f);
  std::vector<float> rounded(place(block.width * kSweepLanes)), codes(rounded.size());
  SweepStrip strip{0, 0, block.width, workOf(block, chunk), originalOf(chunk, block.from)};
  strip.compensated = m_compensated;
  strip.factors = m_compensated ? block.inverse[factor].data() : m_layer.factors[factor].coupling.data() + block.from * m_layer.columns + block.from;
  strip.stride = m_compensated ? block.width : m_layer.columns;
  strip.weight = block.weight[factor].data();
  strip.live = block.live[factor].data();
  strip.stays = m_masked ? staysOf(block, chunk) : nullptr;
  strip.scale = scale;
  strip.zero = zero;
  strip.format = m_options.grid.format;
  strip.bits = m_options.grid.bits;
  strip.difference = differenceOf(chunk, block.from);
  strip.rounded = rounded.data();
  strip.codes = codes.data();
  strip.error = error;
  strip.distance = distance;
  if (!m_options.fixedMask.empty()) fixMask(block, chunk);

  const std::int64_t pattern = m_options.sparsity.kind == Sparsity::Kind::pattern ? m_options.sparsity.of : 0;
  std::int64_t current = -1;
  for (std::int64_t i = 0; i < block.width; i = strip.to) {
    const std::int64_t group = m_scales.used() ? m_scales.groupOf(columnAt(chunk, block.from + i)) : 0;
    if (m_scales.used() && group != current) {
      if (m_scales.dynamic()) findScales(block, chunk, i);
      for (std::int64_t r = 0; r < rows.count; ++r) {
        scale[r] = m_scales.scales()[m_scales.at(rows.row + r, group)];
        zero[r] = m_scales.zeroPoints()[m_scales.at(rows.row + r, group)];
      }
      current = group;
    }
    if (pattern && i % pattern == 0) choosePattern(block, chunk, i);
    strip.from = i;
    strip.to = i + 1;
    while (strip.to < block.width && (!pattern || strip.to % pattern != 0) &&
           (!m_scales.used() || m_scales.groupOf(columnAt(chunk, block.from + strip.to)) == group))
      ++strip.to;
    sweepKernels().settle(strip);
  }
  for (std::int64_t r = 0; r < rows.count; ++r) {
    m_errors[place(rows.row + r)] += static_cast<double>(error[r]);
    m_distances[place(rows.row + r)] += static_cast<double>(distance[r]);
  }
  store(block, chunk, rounded, codes, result);
}

void SweepRun::store(const Block& block, std::int64_t chunk, const std::vector<float>& rounded, const std::vector<float>& codes, SweepResult& result) const {
  const Chunk& rows = m_chunks[place(chunk)];
  for (std::int64_t r = 0; r < rows.count; ++r)
    for (std::int64_t i = 0; i < block.width; ++i) {
      const std::size_t to = place((rows.row + r) * m_layer.columns + columnAt(chunk, block.from + i)), from = place(i * kSweepLanes + r);
      result.weight[to] = rounded[from];
      if (!result.codes.empty()) result.codes[to] = static_cast<std::int16_t>(codes[from]);
      if (m_masked) result.mask[to] = m_stays[place(chunk * block.width * kSweepLanes) + from] != 0;
    }
}

SweepResult SweepRun::run(const Progress& progress) {
  const std::int64_t rows = m_layer.rows, columns = m_layer.columns, width = blockWidth();
  const bool unstructured = m_options.sparsity.kind == Sparsity::Kind::unstructured;
  SweepResult result;
  result.weight.resize(place(rows * columns));
  if (m_scales.used()) result.codes.resize(result.weight.size());
  if (m_masked) result.mask.resize(result.weight.size());
  fillOriginal();
  if (m_scales.used() && !m_scales.dynamic()) m_scales.findAll(withoutDead(), m_layer.threads);
  for (std::int64_t from = 0; from < columns; from += width) {
    progress.throwIfStopped();
    const Block block = makeBlock(from, std::min(width, columns - from));
    m_work.resize(place(chunkCount() * block.padded * kSweepLanes));
    if (m_masked) m_stays.resize(place(chunkCount() * block.width * kSweepLanes));
    if (unstructured) m_scores.resize(m_stays.size());
    parallelFor(m_layer.threads, chunkCount(), 1, [&](std::int64_t begin, std::int64_t end) {
      compensate(block, begin, end);
      for (std::int64_t c = begin; c < end; ++c) {
        progress.throwIfStopped();
        if (unstructured) score(block, c);
        else settle(block, c, result);
      }
    });
    if (unstructured) {
      const auto dropped = [&](std::int64_t count) { return rows * count - keptWeights(m_options.sparsity, rows, count); };
      dropLeast({m_scores, chunkCount(), block.width, m_lanes}, dropped(from + block.width) - dropped(from), m_layer.threads, m_stays);
      parallelFor(m_layer.threads, chunkCount(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t c = begin; c < end; ++c) settle(block, c, result);
      });
    }
    progress.report(static_cast<double>(from + block.width) / static_cast<double>(columns));
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const SweepFactor& factor = m_layer.factors[place(row / (rows / static_cast<std::int64_t>(m_layer.factors.size())))];
    result.dampedLoss += m_errors[place(row)];
    result.loss += std::max(0.0, m_errors[place(row)] - factor.damping * m_distances[place(row)]);
  }
  result.scales = m_scales.scales();
  if (m_options.grid.format == NumberFormat::unsignedInteger) result.zeroPoints = m_scales.zeroPoints();
  return result;
}

}  // namespace planish
