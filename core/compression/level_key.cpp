#include "core/compression/level_key.h"

#include "core/base/sha256.h"
#include "core/compression/compression_digest.h"

namespace planish {
namespace {

const std::string& digestOf(const std::vector<double>& values, std::string& made) {
  if (made.empty()) {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(values)));
    made = hash.hexDigest();
  }
  return made;
}

}  // namespace

std::string LevelKeys::of(const Setting& setting, const std::vector<const Compressor*>& pipeline, const CompressionInput& given) {
  if (m_weight.empty()) {
    Sha256 hash;
    hash.add(m_input.weight.bytes());
    m_weight = hash.hexDigest();
  }
  std::string methods;
  StatisticsNeeds asked;
  for (const Compressor* compressor : pipeline) {
    methods += compressor->declaration().id + " " + parametersOf(given, compressor->declaration()).text() + ";";
    asked = asked | compressor->needs() | compressor->wants(m_input.layer);
  }
  std::string inputs;
  if (m_input.statistics && asked.any()) {
    inputs = std::to_string(m_input.statistics->rows);
    if (asked.inputSquares) inputs += " " + digestOf(m_input.statistics->meanSquare, m_squares);
    if (asked.gram) inputs += " " + digestOf(m_input.statistics->gram, m_gram);
  }
  Setting weightOnly = setting;
  weightOnly.activationBits = 0;
  weightOnly.parameters.clear();
  const Layer& layer = m_input.layer;
  const auto& storage = m_input.storage;
  return sha256Hex("planish " PLANISH_VERSION " " PLANISH_COMPRESSION_DIGEST "\nlayer=" + layer.name + " " + layer.kind + " " + std::to_string(layer.rows()) + "x" +
                   std::to_string(layer.columns()) + " in " + std::to_string(layer.groups) + "\nweight=" + m_weight +
                   "\ninputs=" + inputs + "\nsetting=" + toText(weightOnly) + "\nmethods=" + methods +
                   "\nstorage=" + std::to_string(storage.scaleBits) + (storage.zeroPoints ? "z" : "") + (storage.wholeBytes ? "b" : "") +
                   (storage.leaveOutPruned ? "p" : "") + "\nseed=" + std::to_string(m_input.context.seed) +
                   "\ndevice=" + std::to_string(static_cast<int>(m_input.context.device.kind)));
}

}  // namespace planish
