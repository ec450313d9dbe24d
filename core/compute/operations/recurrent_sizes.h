#pragma once

#include "core/compute/operations/argument_checks.h"

namespace planish::operations {

/// Sizes and choices of RNN, GRU and LSTM.
struct RecurrentSizes {
  std::int64_t length, batch, width, hidden, directions, gates;
  bool batchFirst, reversed;             ///< reversed: the only direction runs backwards
  std::vector<std::string> functions;    ///< per direction as many as the operation has
  std::vector<float> alphas, betas;      ///< one for each function

  static constexpr const char* kFunctions[] = {"Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus"};

  /// `gates` stacked in the weights, `defaults` the functions of one direction. Throws Error(invalidInput).
  RecurrentSizes(const Attributes& attributes, const Shape& x, std::int64_t gates, const std::vector<std::string>& defaults) : gates(gates) {
    if (x.rank() != 3) refuse("rank 3 for input 0 (X)", x.text());
    hidden = wholeWithin(attributes, "hidden_size", 0, 1, std::numeric_limits<std::int32_t>::max());
    batchFirst = wholeWithin(attributes, "layout", 0, 0, 1) == 1;
    length = x[batchFirst ? 1 : 0], batch = x[batchFirst ? 0 : 1], width = x[2];
    const std::string direction = wordOf(attributes, "direction", "forward", {"forward", "reverse", "bidirectional"});
    directions = direction == "bidirectional" ? 2 : 1;
    reversed = direction == "reverse";
    functions = attributes.words("activations");
    if (functions.empty())
      for (std::int64_t i = 0; i < directions; ++i) functions.insert(functions.end(), defaults.begin(), defaults.end());
    if (functions.size() != defaults.size() * static_cast<std::size_t>(directions))
      refuse(std::to_string(defaults.size() * static_cast<std::size_t>(directions)) + " activations", std::to_string(functions.size()));
    setParameters(attributes.numbers("activation_alpha"), attributes.numbers("activation_beta"));
  }

  /// [directions, gates * hidden, columns]
  Shape weight(std::int64_t columns) const { return {directions, product(gates, hidden), columns}; }
  Shape bias() const { return {directions, product(2 * gates, hidden)}; }
  Shape state() const { return batchFirst ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden}; }
  Shape sequence() const { return batchFirst ? Shape{batch, length, directions, hidden} : Shape{length, directions, batch, hidden}; }

 private:
  /// The lists give numbers in order to the functions that take them; the others have defaults.
  void setParameters(const std::vector<float>& givenAlphas, const std::vector<float>& givenBetas) {
    std::size_t nextAlpha = 0, nextBeta = 0;
    for (const std::string& function : functions) {
      bool known = false;
      for (const char* name : kFunctions) known = known || function == name;
      if (!known) refuse("a known activation", "'" + printable(function) + "'");
      const bool both = function == "Affine" || function == "ScaledTanh" || function == "HardSigmoid";
      const bool one = function == "LeakyRelu" || function == "ThresholdedRelu" || function == "Elu";
      const float alpha = function == "LeakyRelu" ? 0.01f : function == "HardSigmoid" ? 0.2f : 1.f;
      const float beta = function == "HardSigmoid" ? 0.5f : function == "ScaledTanh" ? 1.f : 0.f;
      alphas.push_back((both || one) && nextAlpha < givenAlphas.size() ? givenAlphas[nextAlpha++] : alpha);
      betas.push_back(both && nextBeta < givenBetas.size() ? givenBetas[nextBeta++] : beta);
    }
  }
};

}  // namespace planish::operations
