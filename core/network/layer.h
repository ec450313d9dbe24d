#pragma once

#include "core/base/ids.h"
#include "core/network/network.h"

#include <map>
#include <string>
#include <vector>

namespace planish {

/// How a weight tensor is read as a matrix [outputs, inputs]: rows are output channels, columns are what one output sums over.
enum class WeightOrder : std::uint8_t {
  outputFirst,  ///< Conv [out, in/groups, k...], Gemm with transB [out, in], embedding [rows, width]: already row-major
  inputFirst,   ///< MatMul and Gemm without transB [in, out]; ConvTranspose [in, out/groups, k...]: transposed
};

/// One compressible operation with its weight and its input and output activations.
struct Layer {
  LayerId id;
  std::string name;  ///< unique; from the weight's name, or the operation's where that says nothing
  std::string kind;  ///< "conv", "depthwise", "conv-transpose", "linear", "embedding"
  OperationId operation;
  ValueId weight, bias;  ///< bias invalid if it has none of its own
  ValueId input, output;
  Shape weightShape;
  WeightOrder order = WeightOrder::outputFirst;
  int groups = 1;
  std::string block;  ///< name of the unit it stands in: "features.7", "" for none

  std::int64_t weightCount() const { return weightShape.count(); }
  std::int64_t rows() const;     ///< output channels
  std::int64_t columns() const;  ///< weights per output channel
  int outputAxis() const;        ///< axis of the weight tensor that runs over output channels
};

/// The layers of a network in the order they run, and what ties them together.
struct Layers {
  std::vector<Layer> items;
  /// Layers whose weight is one and the same tensor: they take one setting. Only sets of two and more.
  std::vector<std::vector<LayerId>> sharedWeights;
  /// Layers that read one value and so share its statistics. Only sets of two and more.
  std::vector<std::vector<LayerId>> sharedInputs;

  const Layer& operator[](LayerId id) const { return items.at(static_cast<std::size_t>(id.index)); }
  std::size_t size() const { return items.size(); }
  const Layer* find(std::string_view name) const;
  const Layer* ofWeight(ValueId weight) const;
};

/// Conv, ConvTranspose, Gemm, MatMul with a constant weight of rank >= 2, Gather from a constant matrix (embedding). A layer
/// whose weight is quantised already (behind DequantizeLinear) or missing is left out, with a notice in `skipped` if given.
Layers findLayers(const Network& network, std::vector<std::string>* skipped = nullptr);

/// The weight of a layer as float [rows, columns], row-major, and back to the weight's own shape and order.
Tensor toMatrix(const Layer& layer, const Tensor& weight);
Tensor fromMatrix(const Layer& layer, const Tensor& matrix);

}  // namespace planish
