#include "core/compute/operations/einsum_equation.h"
#include "core/compute/cpu/reference/numbers.h"

namespace planish::cpu_reference {
namespace {

using operations::EinsumEquation;

/// A position in every operand that moves through a range of the equation's indices, the last one fastest.
class Odometer {
 public:
  Odometer(const EinsumEquation& equation, std::size_t first, std::size_t last)
      : m_equation(equation), m_first(first), m_position(last - first, 0), m_offsets(equation.strides.size(), 0) {}

  const std::vector<std::int64_t>& offsets() const { return m_offsets; }

  /// False, and back at the start, after the last position.
  bool next() {
    for (std::size_t i = m_position.size(); i-- > 0;) {
      const std::size_t index = m_first + i;
      for (std::size_t t = 0; t < m_offsets.size(); ++t) m_offsets[t] += m_equation.strides[t][index];
      if (++m_position[i] < m_equation.sizes[index]) return true;
      for (std::size_t t = 0; t < m_offsets.size(); ++t) m_offsets[t] -= m_equation.strides[t][index] * m_position[i];
      m_position[i] = 0;
    }
    return false;
  }

 private:
  const EinsumEquation& m_equation;
  std::size_t m_first;
  std::vector<std::int64_t> m_position, m_offsets;
};

template <typename T>
std::vector<T> contract(const EinsumEquation& equation, const std::vector<std::vector<T>>& operands) {
  std::vector<T> result(static_cast<std::size_t>(equation.output().count()));
  for (std::size_t i = equation.outputIndices; i < equation.sizes.size(); ++i)
    if (equation.sizes[i] == 0) return result;
  Odometer outer(equation, 0, equation.outputIndices), inner(equation, equation.outputIndices, equation.sizes.size());
  for (auto& sum : result) {
    do {
      T term = 1;
      for (std::size_t t = 0; t < operands.size(); ++t) term *= operands[t][static_cast<std::size_t>(outer.offsets()[t] + inner.offsets()[t])];
      sum += term;
    } while (inner.next());
    outer.next();
  }
  return result;
}

void runEinsum(KernelCall& call) {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < call.inputCount(); ++i) shapes.push_back(call.input(i).shape());
  const EinsumEquation equation(call.attributes().word("equation", ""), shapes);
  if (isInteger(call.input(0).type())) {
    std::vector<std::vector<std::uint64_t>> operands;  // integers wrap: their low bits are what is kept
    for (std::size_t i = 0; i < call.inputCount(); ++i) {
      const auto values = readWhole(call.input(i));
      operands.emplace_back(values.begin(), values.end());
    }
    const auto result = contract(equation, operands);
    writeWhole(call, 0, std::vector<std::int64_t>(result.begin(), result.end()));
    return;
  }
  std::vector<std::vector<double>> operands;
  for (std::size_t i = 0; i < call.inputCount(); ++i) operands.push_back(read(call.input(i)));
  write(call, 0, contract(equation, operands));
}

}  // namespace

void einsum(KernelRegistry& registry) { addReference(registry, "Einsum", runEinsum); }

}  // namespace planish::cpu_reference
