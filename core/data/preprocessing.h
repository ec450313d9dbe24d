#pragma once

#include "core/tensor/tensor.h"

#include <map>
#include <string>
#include <vector>

namespace planish {

/// From a stored sample to what the network reads: (v * scale - mean) / std after resize and crop. Declared by the user,
/// stored in the project. Empty fields leave values as they are.
struct Preprocessing {
  std::string layout;    ///< of the stored sample: "nhwc", "nchw" or "" (what the data says)
  std::string channels;  ///< wanted by the network: "rgb", "bgr", "gray" or ""
  double scale = 1;
  std::vector<double> mean, std;        ///< one, or one a channel
  std::vector<std::int64_t> resize;     ///< [h, w], or [short side]
  std::vector<std::int64_t> crop;       ///< [h, w], from the centre
  std::map<std::string, std::string> inputs;  ///< network input -> array of the data

  bool operator==(const Preprocessing&) const = default;
  bool isIdentity() const { return *this == Preprocessing{}; }

  /// Throws Error(usage) naming the key: unknown, of the wrong type or out of range.
  static Preprocessing fromJson(std::string_view text);
  std::string toJson() const;
};

/// One stored sample -> float32 [channels, height, width] for rank-3 samples and rank-2 gray pictures; other ranks keep their shape
/// (and integer type, for token ids) with scale, mean and std applied to floats. `channelsLast`: how the sample is stored when
/// `layout` is empty.
Tensor preprocess(const Preprocessing& how, const Tensor& sample, bool channelsLast);

}  // namespace planish
