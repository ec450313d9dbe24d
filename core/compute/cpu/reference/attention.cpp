#include "core/compute/operations/attention_sizes.h"
#include "core/compute/cpu/reference/numbers.h"

#include <cmath>
#include <limits>

namespace planish::cpu_reference {
namespace {

using operations::AttentionSizes;

constexpr double kMasked = -std::numeric_limits<double>::infinity();

/// [batch, length, heads * width] to [batch, heads, length, width].
std::vector<double> headsFirst(const std::vector<double>& x, std::int64_t batch, std::int64_t length, std::int64_t heads, std::int64_t width) {
  std::vector<double> result(x.size());
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t s = 0; s < length; ++s)
      for (std::int64_t h = 0; h < heads; ++h)
        std::copy_n(x.data() + ((b * length + s) * heads + h) * width, width, result.data() + ((b * heads + h) * length + s) * width);
  return result;
}

/// [planes, past, width] and [planes, incoming, width] along the middle axis.
std::vector<double> joined(const std::vector<double>& past, const std::vector<double>& incoming, std::int64_t planes) {
  if (past.empty() || planes == 0) return incoming;
  const auto a = static_cast<std::ptrdiff_t>(past.size()) / planes, b = static_cast<std::ptrdiff_t>(incoming.size()) / planes;
  std::vector<double> result;
  result.reserve(past.size() + incoming.size());
  for (std::int64_t i = 0; i < planes; ++i) {
    result.insert(result.end(), past.begin() + i * a, past.begin() + (i + 1) * a);
    result.insert(result.end(), incoming.begin() + i * b, incoming.begin() + (i + 1) * b);
  }
  return result;
}

/// What is added to the scores [batch, heads, queries, keys]: the mask, the causal border, the window and the padding.
class Bias {
 public:
  Bias(const KernelCall& call, const AttentionSizes& sizes) : m_sizes(sizes) {
    m_causal = call.attributes().whole("is_causal", 0) != 0;
    m_left = call.attributes().whole("left_window_size", -1), m_right = call.attributes().whole("right_window_size", -1);
    if (call.hasInput(6)) m_valid = readWithin(call.input(6), 0, sizes.keys(), "lengths of keys");
    if (!call.hasInput(3)) return;
    Shape full{sizes.batch, sizes.heads, sizes.queries, call.input(3).shape()[-1]};
    m_maskKeys = full[-1];
    m_mask = readStretched(call.input(3), full);
    if (call.input(3).type() == DataType::boolean)
      for (auto& value : m_mask) value = value != 0 ? 0 : kMasked;
    m_masked = true;
  }

  double at(std::int64_t b, std::int64_t h, std::int64_t q, std::int64_t k) const {
    // Position of the query among the keys: what was there before comes first.
    const std::int64_t position = q + (m_valid.empty() ? m_sizes.past : m_valid[static_cast<std::size_t>(b)] - m_sizes.queries);
    if (m_causal && k > position) return kMasked;
    if (m_left >= 0 && k < position - m_left) return kMasked;
    if (m_right >= 0 && k > position + m_right) return kMasked;
    if (!m_valid.empty() && k >= m_valid[static_cast<std::size_t>(b)]) return kMasked;
    if (!m_masked) return 0;
    if (k >= m_maskKeys) return kMasked;
    return m_mask[static_cast<std::size_t>(((b * m_sizes.heads + h) * m_sizes.queries + q) * m_maskKeys + k)];
  }

 private:
  const AttentionSizes& m_sizes;
  bool m_causal = false, m_masked = false;
  std::int64_t m_left = -1, m_right = -1, m_maskKeys = 0;
  std::vector<std::int64_t> m_valid;
  std::vector<double> m_mask;
};

/// Softmax of one row; all zeros where every key is masked.
void softmax(std::vector<double>& row, bool masked) {
  const double top = row.empty() ? 0 : *std::max_element(row.begin(), row.end());
  if (masked || top == kMasked) return std::fill(row.begin(), row.end(), 0.0);
  double sum = 0;
  for (auto& value : row) sum += value = std::exp(value - top);
  for (auto& value : row) value /= sum;
}

void runAttention(KernelCall& call) {
  const AttentionSizes s(call.attributes(), call.input(0).shape(), call.input(1).shape(), call.input(2).shape(),
                         call.hasInput(4) ? &call.input(4).shape() : nullptr);
  auto q = read(call.input(0)), k = read(call.input(1)), v = read(call.input(2));
  if (s.flat) {
    q = headsFirst(q, s.batch, s.queries, s.heads, s.width);
    k = headsFirst(k, s.batch, s.incoming, s.groups, s.width);
    v = headsFirst(v, s.batch, s.incoming, s.groups, s.valueWidth);
  }
  if (call.hasInput(4)) k = joined(read(call.input(4)), k, s.batch * s.groups), v = joined(read(call.input(5)), v, s.batch * s.groups);
  const double scale = call.attributes().has("scale") ? static_cast<double>(call.attributes().number("scale", 1)) : 1 / std::sqrt(static_cast<double>(s.width));
  const auto cap = static_cast<double>(call.attributes().number("softcap", 0));
  const std::int64_t mode = call.attributes().whole("qk_matmul_output_mode", 0);
  const Bias bias(call, s);
  std::vector<double> y(static_cast<std::size_t>(s.batch * s.queries * s.heads * s.valueWidth)), scores, row(static_cast<std::size_t>(s.keys()));
  const auto keep = [&](std::int64_t stage) {
    if (mode == stage && call.hasOutput(3)) scores.insert(scores.end(), row.begin(), row.end());
  };
  for (std::int64_t b = 0; b < s.batch; ++b)
    for (std::int64_t h = 0; h < s.heads; ++h)
      for (std::int64_t i = 0; i < s.queries; ++i) {
        const std::int64_t group = b * s.groups + h / (s.heads / s.groups);
        const double* query = q.data() + ((b * s.heads + h) * s.queries + i) * s.width;
        for (std::int64_t j = 0; j < s.keys(); ++j) {
          const double* key = k.data() + (group * s.keys() + j) * s.width;
          double dot = 0;
          for (std::int64_t c = 0; c < s.width; ++c) dot += query[c] * key[c];
          row[static_cast<std::size_t>(j)] = dot * scale;
        }
        keep(0);
        if (cap > 0)
          for (auto& value : row) value = cap * std::tanh(value / cap);
        keep(1);
        bool masked = true;
        for (std::int64_t j = 0; j < s.keys(); ++j) {
          const double added = bias.at(b, h, i, j);
          masked = masked && added == kMasked;
          row[static_cast<std::size_t>(j)] += added;
        }
        keep(2);
        softmax(row, masked);
        keep(3);
        double* out = y.data() + (s.flat ? ((b * s.queries + i) * s.heads + h) : ((b * s.heads + h) * s.queries + i)) * s.valueWidth;
        for (std::int64_t j = 0; j < s.keys(); ++j) {
          const double* value = v.data() + (group * s.keys() + j) * s.valueWidth;
          for (std::int64_t c = 0; c < s.valueWidth; ++c) out[c] += row[static_cast<std::size_t>(j)] * value[c];
        }
      }
  write(call, 0, y);
  if (call.hasOutput(1)) write(call, 1, k);
  if (call.hasOutput(2)) write(call, 2, v);
  if (call.hasOutput(3)) write(call, 3, scores);
}

/// Rotates pairs of the first dimensions of each head: neighbours where interleaved, else one from each half.
void runRotaryEmbedding(KernelCall& call) {
  auto x = read(call.input(0));
  const auto cosines = read(call.input(1)), sines = read(call.input(2));
  const auto positions = call.hasInput(3) ? readWithin(call.input(3), 0, call.input(1).shape()[0] - 1, "positions") : std::vector<std::int64_t>();
  const Shape& shape = call.input(0).shape();
  const bool flat = shape.rank() == 3, interleaved = call.attributes().whole("interleaved", 0) != 0;
  const std::int64_t heads = flat ? call.attributes().whole("num_heads", 1) : shape[1], length = flat ? shape[1] : shape[2];
  const std::int64_t width = flat ? shape[2] / heads : shape[3];
  std::int64_t rotated = call.attributes().whole("rotary_embedding_dim", 0);
  if (rotated == 0) rotated = width;
  const std::int64_t half = rotated / 2;
  for (std::int64_t b = 0; b < shape[0]; ++b)
    for (std::int64_t s = 0; s < length; ++s)
      for (std::int64_t h = 0; h < heads; ++h) {
        double* head = x.data() + (flat ? ((b * length + s) * heads + h) : ((b * heads + h) * length + s)) * width;
        const std::int64_t position = positions.empty() ? b * length + s : positions[static_cast<std::size_t>(b * length + s)];
        for (std::int64_t i = 0; i < half; ++i) {
          double &first = head[interleaved ? 2 * i : i], &second = head[interleaved ? 2 * i + 1 : i + half];
          const auto at = static_cast<std::size_t>(position * half + i);
          const double real = cosines[at] * first - sines[at] * second, imaginary = sines[at] * first + cosines[at] * second;
          first = real, second = imaginary;
        }
      }
  write(call, 0, x);
}

}  // namespace

void attention(KernelRegistry& registry) {
  addReference(registry, "Attention", runAttention);
  addReference(registry, "RotaryEmbedding", runRotaryEmbedding);
}

}  // namespace planish::cpu_reference
