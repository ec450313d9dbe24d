#include "core/compute/operations/recurrent_sizes.h"
#include "core/compute/cpu/reference/numbers.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

using operations::RecurrentSizes;

double activate(const std::string& name, double alpha, double beta, double x) {
  if (name == "Tanh") return std::tanh(x);
  if (name == "Sigmoid") return 1 / (1 + std::exp(-x));
  if (name == "Relu") return std::max(0.0, x);
  if (name == "Affine") return alpha * x + beta;
  if (name == "LeakyRelu") return x >= 0 ? x : alpha * x;
  if (name == "ThresholdedRelu") return x > alpha ? x : 0;
  if (name == "ScaledTanh") return alpha * std::tanh(beta * x);
  if (name == "HardSigmoid") return std::clamp(alpha * x + beta, 0.0, 1.0);
  if (name == "Elu") return x >= 0 ? x : alpha * (std::exp(x) - 1);
  if (name == "Softsign") return x / (1 + std::fabs(x));
  return std::log1p(std::exp(-std::fabs(x))) + std::max(x, 0.0);  // Softplus
}

/// The weights of one direction and the arithmetic of one step, all of it for one sequence at a time.
class Cell {
 public:
  Cell(const KernelCall& call, const RecurrentSizes& sizes, std::int64_t direction) : m_call(call), m_sizes(sizes), m_direction(direction) {
    const auto rows = static_cast<std::size_t>(sizes.gates * sizes.hidden);
    m_input = part(read(call.input(1)));
    m_recurrent = part(read(call.input(2)));
    m_bias = call.hasInput(3) ? part(read(call.input(3))) : std::vector<double>(2 * rows);
    if (call.inputCount() > 7 && call.hasInput(7)) m_peepholes = part(read(call.input(7)));
    m_clip = static_cast<double>(call.attributes().number("clip", 0));
  }

  /// Advances the hidden state h (and the cell state c of an LSTM) by one input x.
  void step(const double* x, std::vector<double>& h, std::vector<double>& c) const {
    if (m_sizes.gates == 1) h = elementwise(sums(x, h, 0), 0);
    else if (m_sizes.gates == 3) stepGru(x, h);
    else stepLstm(x, h, c);
  }

 private:
  std::vector<double> part(const std::vector<double>& all) const {
    const auto size = static_cast<std::ptrdiff_t>(all.size()) / m_sizes.directions;
    return {all.begin() + m_direction * size, all.begin() + (m_direction + 1) * size};
  }

  double function(std::size_t which, double x) const {
    if (m_clip > 0) x = std::clamp(x, -m_clip, m_clip);
    const std::size_t i = which + static_cast<std::size_t>(m_direction) * m_sizes.functions.size() / static_cast<std::size_t>(m_sizes.directions);
    return activate(m_sizes.functions[i], static_cast<double>(m_sizes.alphas[i]), static_cast<double>(m_sizes.betas[i]), x);
  }

  std::vector<double> elementwise(std::vector<double> values, std::size_t which) const {
    for (auto& value : values) value = function(which, value);
    return values;
  }

  /// W x of one gate with its bias.
  std::vector<double> fromInput(const double* x, std::int64_t gate) const {
    return times(m_input, x, gate, m_sizes.width, gate * m_sizes.hidden);
  }
  /// R h of one gate with its bias.
  std::vector<double> fromState(const std::vector<double>& h, std::int64_t gate) const {
    return times(m_recurrent, h.data(), gate, m_sizes.hidden, (m_sizes.gates + gate) * m_sizes.hidden);
  }
  std::vector<double> sums(const double* x, const std::vector<double>& h, std::int64_t gate) const {
    auto result = fromInput(x, gate);
    const auto state = fromState(h, gate);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] += state[i];
    return result;
  }
  std::vector<double> times(const std::vector<double>& weight, const double* x, std::int64_t gate, std::int64_t columns, std::int64_t bias) const {
    std::vector<double> result(static_cast<std::size_t>(m_sizes.hidden));
    for (std::int64_t row = 0; row < m_sizes.hidden; ++row) {
      double sum = m_bias[static_cast<std::size_t>(bias + row)];
      const double* from = weight.data() + (gate * m_sizes.hidden + row) * columns;
      for (std::int64_t i = 0; i < columns; ++i) sum += from[i] * x[i];
      result[static_cast<std::size_t>(row)] = sum;
    }
    return result;
  }

  /// Gates in the order update, reset, hidden.
  void stepGru(const double* x, std::vector<double>& h) const {
    const auto update = elementwise(sums(x, h, 0), 0), reset = elementwise(sums(x, h, 1), 0);
    auto candidate = fromInput(x, 2);
    std::vector<double> state = h;
    if (m_call.attributes().whole("linear_before_reset", 0) != 0) {
      state = fromState(h, 2);
      for (std::size_t i = 0; i < h.size(); ++i) candidate[i] += reset[i] * state[i];
    } else {
      for (std::size_t i = 0; i < h.size(); ++i) state[i] *= reset[i];
      state = fromState(state, 2);
      for (std::size_t i = 0; i < h.size(); ++i) candidate[i] += state[i];
    }
    candidate = elementwise(std::move(candidate), 1);
    for (std::size_t i = 0; i < h.size(); ++i) h[i] = (1 - update[i]) * candidate[i] + update[i] * h[i];
  }

  /// Gates in the order input, output, forget, cell; peepholes in the order input, output, forget.
  void stepLstm(const double* x, std::vector<double>& h, std::vector<double>& c) const {
    auto in = sums(x, h, 0), out = sums(x, h, 1), forget = sums(x, h, 2);
    const auto candidate = elementwise(sums(x, h, 3), 1);
    const std::size_t n = h.size();
    const auto peephole = [&](std::size_t which, std::size_t i) { return m_peepholes.empty() ? 0 : m_peepholes[which * n + i]; };
    const bool coupled = m_call.attributes().whole("input_forget", 0) != 0;
    for (std::size_t i = 0; i < n; ++i) {
      in[i] = function(0, in[i] + peephole(0, i) * c[i]);
      forget[i] = coupled ? 1 - in[i] : function(0, forget[i] + peephole(2, i) * c[i]);
      c[i] = forget[i] * c[i] + in[i] * candidate[i];
      h[i] = function(0, out[i] + peephole(1, i) * c[i]) * function(2, c[i]);
    }
  }

  const KernelCall& m_call;
  const RecurrentSizes& m_sizes;
  std::int64_t m_direction;
  std::vector<double> m_input, m_recurrent, m_bias, m_peepholes;
  double m_clip = 0;
};

/// Sequences shorter than the longest one have zeros behind their end; the last state is that of their last element.
void runRecurrent(KernelCall& call, std::int64_t gates, const std::vector<std::string>& functions) {
  const RecurrentSizes s(call.attributes(), call.input(0).shape(), gates, functions);
  const auto x = read(call.input(0));
  const auto lengths = call.hasInput(4) ? readWithin(call.input(4), 0, s.length, "sequence lengths") : std::vector<std::int64_t>(static_cast<std::size_t>(s.batch), s.length);
  const auto stateCount = static_cast<std::size_t>(s.state().count());
  auto lastHidden = call.hasInput(5) ? read(call.input(5)) : std::vector<double>(stateCount);
  auto lastCell = call.hasInput(6) ? read(call.input(6)) : std::vector<double>(stateCount);
  std::vector<double> y(static_cast<std::size_t>(s.sequence().count()));
  for (std::int64_t d = 0; d < s.directions; ++d) {
    const Cell cell(call, s, d);
    const bool backwards = s.reversed || d == 1;
    for (std::int64_t b = 0; b < s.batch; ++b) {
      const auto at = (s.batchFirst ? b * s.directions + d : d * s.batch + b) * s.hidden;
      std::vector<double> h(lastHidden.begin() + at, lastHidden.begin() + at + s.hidden), c(lastCell.begin() + at, lastCell.begin() + at + s.hidden);
      const std::int64_t length = lengths[static_cast<std::size_t>(b)];
      for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t t = backwards ? length - 1 - i : i;
        cell.step(x.data() + (s.batchFirst ? b * s.length + t : t * s.batch + b) * s.width, h, c);
        const std::int64_t row = s.batchFirst ? (b * s.length + t) * s.directions + d : (t * s.directions + d) * s.batch + b;
        std::copy(h.begin(), h.end(), y.begin() + row * s.hidden);
      }
      std::copy(h.begin(), h.end(), lastHidden.begin() + at);
      std::copy(c.begin(), c.end(), lastCell.begin() + at);
    }
  }
  if (call.hasOutput(0)) write(call, 0, y);
  if (call.hasOutput(1)) write(call, 1, lastHidden);
  if (call.hasOutput(2)) write(call, 2, lastCell);
}

}  // namespace

void recurrent(KernelRegistry& registry) {
  addReference(registry, "RNN", [](KernelCall& call) { runRecurrent(call, 1, {"Tanh"}); });
  addReference(registry, "GRU", [](KernelCall& call) { runRecurrent(call, 3, {"Sigmoid", "Tanh"}); });
  addReference(registry, "LSTM", [](KernelCall& call) { runRecurrent(call, 4, {"Sigmoid", "Tanh", "Tanh"}); });
}

}  // namespace planish::cpu_reference
