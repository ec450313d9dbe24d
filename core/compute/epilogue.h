#pragma once

#include "core/tensor/tensor.h"

#include <limits>
#include <optional>

namespace planish {

struct Operation;

/// A function of one number that ends a fused step.
struct Activation {
  enum class Kind : std::uint8_t {
    none,
    clip,         ///< min(max(x, low), high): Relu is [0, inf], Relu6 [0, 6]
    gelu,         ///< x * (1 + erf(x / sqrt 2)) / 2
    geluTanh,     ///< x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
    sigmoid,
    tanh,
    silu,         ///< x * sigmoid(x)
    hardSigmoid,  ///< min(max(alpha * x + beta, 0), 1), with alpha in `low` and beta in `high`
    hardSwish,    ///< x * hardSigmoid(x) with alpha 1/6 and beta 1/2
    leakyRelu,    ///< x < 0 ? alpha * x : x, with alpha in `low`
  };
  Kind kind = Kind::none;
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
};

/// What an operation of type Relu, Clip, Sigmoid, Tanh, HardSwish, HardSigmoid, LeakyRelu or Gelu does; Kind::none for any other.
/// `low`, `high`: a Clip's bounds where they come as inputs, one number each.
Activation activationOf(const Operation& operation, const Tensor* low = nullptr, const Tensor* high = nullptr);

/// What a convolution or matrix product does to its result before it stores it, in this order. All tensors are float32.
struct Epilogue {
  /// Inference-mode batch normalization over the channels: [C] each.
  struct Normalization {
    const Tensor *scale = nullptr, *shift = nullptr, *mean = nullptr, *variance = nullptr;
    double epsilon = 1e-5;
  };
  std::optional<Normalization> normalization;
  const Tensor* bias = nullptr;      ///< [N], added along the last axis of a matrix product
  const Tensor* residual = nullptr;  ///< of the result's shape, in its layout
  Activation activation;
};

}  // namespace planish
