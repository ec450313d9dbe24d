#pragma once

#include "core/compression/compressor.h"

namespace planish {

/// Makes the keys of one layer's levels: 64 hexadecimal digits of everything that decides a level, by content; of the statistics only what the methods ask for. Built-in methods only count
/// with the version of their code; whoever changes a method that is loaded at run time empties the database.
class LevelKeys {
 public:
  explicit LevelKeys(const CompressionInput& input) : m_input(input) {}
  /// `pipeline`: as pipelineFor gives it; `given`: the input with the parameters of the setting's method, of which those count that the methods
  /// then have, typed or not. Activation bits do not count.
  std::string of(const Setting& setting, const std::vector<const Compressor*>& pipeline, const CompressionInput& given);

 private:
  const CompressionInput& m_input;
  std::string m_weight, m_squares, m_gram;  ///< digests, once made
};

}  // namespace planish
