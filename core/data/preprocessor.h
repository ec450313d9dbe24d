#pragma once

#include "core/data/preprocessing.h"

#include <span>

namespace planish {

/// How the samples of one array lie in memory.
struct SampleForm {
  bool picture = false;       ///< [h, w], or three axes with channels
  bool channelsLast = false;  ///< [h, w, c], else [c, h, w]
};

/// What `preprocess` does, with everything that is the same for all samples done once. Immutable, so thread-safe.
class Preprocessor {
 public:
  Preprocessor(Preprocessing how, SampleForm form);

  /// Shape that a sample of this shape comes out with: [channels, h, w] for pictures. Throws Error(usage) if the declared steps do not fit it.
  Shape outputShape(const Shape& sample) const;
  /// Writes the outputShape(sample.shape()) floats of a sample.
  void run(const Tensor& sample, std::span<float> out) const;

 private:
  std::int64_t storedChannels(const Shape& sample) const;
  double meanOf(std::int64_t channel) const;
  double deviationOf(std::int64_t channel) const;
  void runBytes(const Tensor& sample, std::span<float> out) const;
  void runPicture(const Tensor& sample, std::span<float> out) const;

  Preprocessing m_how;
  SampleForm m_form;
  bool m_keepsPixels;                       ///< no resize, crop or gray: values move and are scaled, nothing else
  std::vector<std::vector<float>> m_bytes;  ///< by channel: what each uint8 value becomes
};

}  // namespace planish
