#pragma once

#include "core/base/progress.h"
#include "core/base/registry.h"
#include "core/compression/compressed_tensor.h"
#include "core/compression/level_store.h"
#include "core/compute/context.h"
#include "core/parameters/declaration.h"
#include "core/statistics/statistics.h"

#include <memory>

namespace planish {

/// Where in a pipeline a compressor works; settings that ask for several are composed in this order.
enum class CompressionStage : std::uint8_t { sparsify, lowRank, quantize };

/// A layer's weight on its way through a pipeline: the product of `factors`, under `mask`.
struct Draft {
  /// One [rows, columns] matrix, or two [rows, rank] and [rank, columns].
  std::vector<Tensor> factors;
  /// boolean [rows, columns], true where a weight stays; undefined: all. With two factors it lies over their product.
  Tensor mask;
  bool channelMask = false;  ///< the mask removes whole rows
  /// By factor, once quantised.
  std::vector<std::shared_ptr<const Plane>> planes;
};

/// The mask of one factor, boolean of the factor's shape: the draft's own with one factor, whole channels on the left of two;
/// undefined where all weights of the factor stay. `sparsity` becomes what the mask follows.
Tensor factorMask(const Draft& draft, std::size_t factor, const Setting& setting, Sparsity& sparsity);

/// Parameters of compressors as typed: compressor id, then name and value.
using MethodParameters = std::map<std::string, std::map<std::string, std::string>>;

/// What a compressor works on.
struct CompressionInput {
  const Layer& layer;
  Tensor weight;                               ///< float32 [rows, columns]
  const InputStatistics* statistics = nullptr; ///< what needs() and wants() asked for; null: nothing is known
  StorageRules storage;
  Context context;
  MethodParameters parameters = {};            ///< what is not in it has its default
  Progress progress = {};                      ///< polled for a stop inside one layer
  LevelStore* levels = nullptr;                ///< what was compressed before is taken from it and added to it; null: nothing is kept
};

/// The values for one compressor. Throws Error(usage) for a name or value that it does not have.
ParameterValues parametersOf(const CompressionInput& input, const Declaration& declaration);

class Compressor;
/// Throws Error(usage) where the setting names a compressor that there is not, or a parameter or value that it does not have.
void checkMethod(const Registry<Compressor>& compressors, const Setting& setting);

/// Factorisations and searches that serve several settings of one layer.
class CompressorState {
 public:
  virtual ~CompressorState() = default;
};

/// One method: rtn, magnitude, svd, ... Registered by plugins/compressors.
class Compressor {
 public:
  virtual ~Compressor() = default;
  virtual const Declaration& declaration() const = 0;
  virtual CompressionStage stage() const = 0;
  virtual StatisticsNeeds needs() const { return {}; }
  /// True if its own stage's apply() also does the work of this later one for the setting: it fills Draft::planes then.
  virtual bool covers(CompressionStage stage, const Setting& setting) const { return stage == this->stage(); }
  /// What it does without where there are no calibration data, and does better with: a few samples are enough (kSketchSamples).
  virtual StatisticsNeeds wants(const Layer&) const { return {}; }
  /// Why it cannot do its part of the setting for this layer; empty if it can.
  virtual std::string declines(const Layer& layer, const Setting& setting) const = 0;
  /// Work that all settings of a layer share. May return nullptr.
  virtual std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const { return nullptr; }
  /// Its stage of the setting. Deterministic.
  virtual void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters, Draft& draft) const = 0;
};

/// The compressors that a setting needs, in order; empty for keep. Throws Error(usage) for an unknown @method
/// or parameter of it and
/// Error(unsupported) with the reasons if none can.
std::vector<const Compressor*> pipelineFor(const Registry<Compressor>& compressors, const Layer& layer, const Setting& setting);
/// Empty if pipelineFor would succeed, else the reason.
std::string whyNot(const Registry<Compressor>& compressors, const Layer& layer, const Setting& setting);

/// Exactly the bits that compressLayer's result will have, without building it.
Bits predictBits(const Layer& layer, const Setting& setting, const StorageRules& storage);

/// Compresses a layer's weight under one setting after another.
/// Keeps factorisations and the last pruned or factorised draft between settings. Not thread-safe; the layer and the registry
/// must outlive it.
class LayerCompressor {
 public:
  LayerCompressor(const Registry<Compressor>& compressors, CompressionInput input);
  ~LayerCompressor();
  /// Throws what pipelineFor throws, and Error(invalidInput) naming row and column of a weight that is not finite.
  CompressedTensor compress(const Setting& setting);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> m_implementation;
};

}  // namespace planish
