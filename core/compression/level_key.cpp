#include "core/compression/level_key.h"

#include "core/base/sha256.h"

#include "compression_digest.h"

namespace planish {
namespace {

void add(Sha256& hash, const std::vector<double>& values) {
  hash.add(std::to_string(values.size()) + ";");
  hash.add(std::as_bytes(std::span(values)));
}

}  // namespace

std::string LevelKeys::of(const Setting& setting, const std::vector<const Compressor*>& pipeline) {
  if (m_weight.empty()) {
    Sha256 hash;
    hash.add(m_input.weight.bytes());
    m_weight = hash.hexDigest();
  }
  std::string methods;
  bool asks = false;
  for (const Compressor* compressor : pipeline) {
    methods += compressor->declaration().id + " " + parametersOf(m_input, compressor->declaration()).text() + ";";
    asks |= (compressor->needs() | compressor->wants(m_input.layer)).any();
  }
  if (asks && m_input.statistics && m_statistics.empty()) {
    Sha256 hash;
    hash.add(std::to_string(m_input.statistics->rows) + ";");
    add(hash, m_input.statistics->meanSquare);
    add(hash, m_input.statistics->gram);
    m_statistics = hash.hexDigest();
  }
  Setting weightOnly = setting;
  weightOnly.activationBits = 0;
  const Layer& layer = m_input.layer;
  const auto& storage = m_input.storage;
  return sha256Hex("planish " PLANISH_VERSION " " PLANISH_COMPRESSION_DIGEST "\nlayer=" + layer.name + " " + layer.kind + " " + std::to_string(layer.rows()) + "x" +
                   std::to_string(layer.columns()) + " in " + std::to_string(layer.groups) + "\nweight=" + m_weight +
                   "\ninputs=" + (asks && m_input.statistics ? m_statistics : "") + "\nsetting=" + toText(weightOnly) + "\nmethods=" + methods +
                   "\nstorage=" + std::to_string(storage.scaleBits) + (storage.zeroPoints ? "z" : "") + (storage.wholeBytes ? "b" : "") +
                   (storage.leaveOutPruned ? "p" : "") + "\nseed=" + std::to_string(m_input.context.seed) +
                   "\ndevice=" + std::to_string(static_cast<int>(m_input.context.device.kind)));
}

}  // namespace planish
