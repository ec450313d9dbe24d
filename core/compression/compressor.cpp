#include "core/compression/compressor.h"

#include "core/base/error.h"
#include "core/compression/dense_plane.h"
#include "core/compression/level_key.h"
#include "core/compression/low_rank_plane.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>

namespace planish {
namespace {

std::string_view purpose(CompressionStage stage) {
  switch (stage) {
    case CompressionStage::sparsify: return "sparsity";
    case CompressionStage::lowRank: return "low rank";
    case CompressionStage::quantize: return "a number format";
  }
  return "";
}

bool asks(const Setting& setting, CompressionStage stage) {
  switch (stage) {
    case CompressionStage::sparsify: return setting.sparsity.kind != Sparsity::Kind::none;
    case CompressionStage::lowRank: return setting.rank.given();
    case CompressionStage::quantize: return setting.format != NumberFormat::keep && setting.format != NumberFormat::fp32;
  }
  return false;
}

const Compressor& chooseFor(const Registry<Compressor>& compressors, const Layer& layer, const Setting& setting, CompressionStage stage,
                            const Compressor* wanted) {
  std::string reasons;
  for (const auto& candidate : compressors.all()) {
    if (candidate->stage() != stage || (wanted && wanted->stage() == stage && candidate.get() != wanted)) continue;
    const std::string reason = candidate->declines(layer, setting);
    if (reason.empty()) return *candidate;
    reasons += (reasons.empty() ? "" : "; ") + candidate->declaration().id + ": " + reason;
  }
  if (reasons.empty()) reasons = "no compressor for " + std::string(purpose(stage)) + " is registered";
  throw Error(ErrorKind::unsupported, "setting '" + toText(setting) + "' cannot be made: " + reasons).at("layer '" + layer.name + "'");
}

/// N01: a weight that is not a number is named, never clamped in silence.
void checkFinite(const Layer& layer, const Tensor& weight) {
  const auto values = weight.data<float>();
  const auto columns = static_cast<std::size_t>(weight.shape()[1]);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw Error(ErrorKind::invalidInput, "weight in row " + std::to_string(i / columns) + ", column " + std::to_string(i % columns) + " is " +
                                               (std::isnan(values[i]) ? "NaN" : "infinite") + "; only finite weights can be compressed")
          .at("layer '" + layer.name + "'")
          .remedy("keep this layer, or repair the network");
}

std::shared_ptr<const Plane> floatPlane(const Draft& draft, std::size_t factor, const Setting& setting, const StorageRules& storage) {
  DensePlane::Parts parts;
  parts.format = setting.format;
  parts.elements = draft.factors[factor];
  parts.mask = factorMask(draft, factor, setting, parts.sparsity);
  parts.storage = storage;
  return std::make_shared<DensePlane>(std::move(parts));
}

}  // namespace

Tensor factorMask(const Draft& draft, std::size_t factor, const Setting& setting, Sparsity& sparsity) {
  sparsity = {};
  if (!draft.mask.defined()) return {};
  if (draft.factors.size() == 1) {
    sparsity = setting.sparsity;
    return draft.mask;
  }
  if (!draft.channelMask || factor != 0) return {};
  sparsity = setting.sparsity;
  const Shape shape = draft.factors[0].shape();
  const auto stays = draft.mask.data<bool>();
  const auto columns = static_cast<std::size_t>(draft.mask.shape()[1]), rank = static_cast<std::size_t>(shape[1]);
  Tensor mask(DataType::boolean, shape);
  auto out = mask.writable<bool>();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = stays[i / rank * columns];
  return mask;
}

ParameterValues parametersOf(const CompressionInput& input, const Declaration& declaration) {
  ParameterValues values(declaration);
  if (const auto found = input.parameters.find(declaration.id); found != input.parameters.end())
    for (const auto& [name, text] : found->second) values.set(name, std::string_view(text));
  return values;
}

void checkMethod(const Registry<Compressor>& compressors, const Setting& setting) {
  if (setting.method.empty()) return;
  ParameterValues values(compressors.get(setting.method).declaration());
  for (const auto& [name, text] : setting.parameters) values.set(name, std::string_view(text));
}

std::vector<const Compressor*> pipelineFor(const Registry<Compressor>& compressors, const Layer& layer, const Setting& setting) {
  checkMethod(compressors, setting);
  const Compressor* wanted = setting.method.empty() ? nullptr : &compressors.get(setting.method);
  if (wanted && !asks(setting, wanted->stage()))
    throw Error(ErrorKind::usage, "compressor '" + setting.method + "' makes " + std::string(purpose(wanted->stage())) + ", for which the setting '" +
                                      toText(setting) + "' does not ask");
  std::vector<const Compressor*> pipeline;
  for (const auto stage : {CompressionStage::sparsify, CompressionStage::lowRank, CompressionStage::quantize}) {
    const bool covered = std::any_of(pipeline.begin(), pipeline.end(), [&](const Compressor* earlier) { return earlier->covers(stage, setting); });
    if (asks(setting, stage) && !covered) pipeline.push_back(&chooseFor(compressors, layer, setting, stage, wanted));
  }
  return pipeline;
}

std::string whyNot(const Registry<Compressor>& compressors, const Layer& layer, const Setting& setting) {
  try {
    pipelineFor(compressors, layer, setting);
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

Bits predictBits(const Layer& layer, const Setting& setting, const StorageRules& storage) {
  const std::int64_t rows = layer.rows(), columns = layer.columns();
  const auto matrix = [&](std::int64_t r, std::int64_t c, const Sparsity& sparsity) {
    return matrixBits(elementCost(setting, c, storage), r, c, sparsity, keptWeights(sparsity, r, c), keptRows(sparsity, r), storage);
  };
  if (setting.format == NumberFormat::gguf)
    return {static_cast<std::int64_t>(std::llround(setting.bitsPerCode() * static_cast<double>(rows * columns)))};
  if (!setting.rank.given()) return matrix(rows, columns, setting.sparsity);
  const std::int64_t rank = rankOf(setting.rank, rows, columns);
  const bool channels = setting.sparsity.kind == Sparsity::Kind::channels;
  const Bits mask{channels ? 0 : maskBits(setting.sparsity, rows, columns)};
  return matrix(rows, rank, channels ? setting.sparsity : Sparsity{}) + matrix(rank, columns, {}) + mask;
}

struct LayerCompressor::Implementation {
  const Registry<Compressor>& compressors;
  CompressionInput input;
  bool checked = false;
  std::map<std::pair<std::string, std::map<std::string, std::string>>, CompressionInput> variants = {};  ///< by method and parameters of a setting
  std::map<std::pair<const Compressor*, std::string>, std::unique_ptr<CompressorState>> states = {};    ///< by compressor and its parameters
  LevelKeys keys{input};
  std::string lastKey = {};  ///< sparsity, rank and method of `lastDraft`
  Draft lastDraft = {};

  /// The input with the parameters that the setting gives its method.
  const CompressionInput& inputFor(const Setting& setting) {
    if (setting.parameters.empty()) return input;
    const auto [variant, isNew] = variants.emplace(std::pair(setting.method, setting.parameters), input);
    if (isNew)
      for (const auto& [name, value] : setting.parameters) variant->second.parameters[setting.method][name] = value;
    return variant->second;
  }

  void apply(const Compressor& compressor, const Setting& setting, Draft& draft) {
    const CompressionInput& given = inputFor(setting);
    const ParameterValues parameters = parametersOf(given, compressor.declaration());
    const auto key = std::pair(&compressor, parameters.text());
    auto state = states.find(key);
    if (state == states.end()) state = states.emplace(key, compressor.prepare(given)).first;
    compressor.apply(given, state->second.get(), setting, parameters, draft);
  }

  /// The weight after everything but the last stage, made anew only if it differs from the last one asked for.
  Draft structured(const std::vector<const Compressor*>& pipeline, const Setting& setting) {
    Setting structure;
    structure.sparsity = setting.sparsity;
    structure.rank = setting.rank;
    std::string key = toText(structure);
    for (const auto* compressor : pipeline)
      if (compressor->stage() != CompressionStage::quantize)
        key += " " + (compressor->covers(CompressionStage::quantize, setting) ? toText(setting) : compressor->declaration().id) + " " +
               parametersOf(inputFor(setting), compressor->declaration()).text();
    if (lastDraft.factors.empty() || key != lastKey) {
      Draft draft;
      draft.factors = {input.weight};
      for (const auto* compressor : pipeline)
        if (compressor->stage() != CompressionStage::quantize) apply(*compressor, setting, draft);
      lastDraft = std::move(draft);
      lastKey = std::move(key);
    }
    return lastDraft;
  }

  CompressedTensor made(const std::vector<const Compressor*>& pipeline, const Setting& setting) {
    Draft draft = structured(pipeline, setting);
    if (!pipeline.empty() && pipeline.back()->stage() == CompressionStage::quantize) apply(*pipeline.back(), setting, draft);
    if (draft.planes.empty())
      for (std::size_t i = 0; i < draft.factors.size(); ++i) draft.planes.push_back(floatPlane(draft, i, setting, input.storage));
    CompressedTensor result;
    result.setting = setting;
    result.rows = input.layer.rows();
    result.columns = input.layer.columns();
    if (draft.planes.size() == 1) result.planes = draft.planes;
    else result.planes = {std::make_shared<LowRankPlane>(draft.planes.at(0), draft.planes.at(1), draft.mask, setting.sparsity)};
    return result;
  }

  /// What a level from elsewhere must at least agree in.
  bool fits(const CompressedTensor& level, const Setting& setting) const {
    return level.rows == input.layer.rows() && level.columns == input.layer.columns() && level.bits() == predictBits(input.layer, setting, input.storage);
  }
};

LayerCompressor::LayerCompressor(const Registry<Compressor>& compressors, CompressionInput input)
    : m_implementation(new Implementation{compressors, std::move(input)}) {
  const Shape& shape = m_implementation->input.weight.shape();
  const Layer& layer = m_implementation->input.layer;
  if (shape != Shape{layer.rows(), layer.columns()})
    throw Error(ErrorKind::failed, "layer '" + layer.name + "': expected its weight as a matrix, found shape " + shape.text());
}

LayerCompressor::~LayerCompressor() = default;

CompressedTensor LayerCompressor::compress(const Setting& setting) {
  Implementation& self = *m_implementation;
  const auto pipeline = pipelineFor(self.compressors, self.input.layer, setting);
  if (!pipeline.empty() && !self.checked) {
    checkFinite(self.input.layer, self.input.weight);
    self.checked = true;
  }
  if (!self.input.levels || pipeline.empty()) return self.made(pipeline, setting);
  const std::string key = self.keys.of(setting, pipeline, self.inputFor(setting));
  if (auto kept = self.input.levels->find(key); kept && self.fits(*kept, setting)) {
    kept->setting = setting;
    return *std::move(kept);
  }
  const auto start = std::chrono::steady_clock::now();
  CompressedTensor level = self.made(pipeline, setting);
  self.input.levels->keep(key, level, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return level;
}

}  // namespace planish
