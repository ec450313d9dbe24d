#include "core/evaluation/score.h"

#include "core/base/error.h"

namespace planish {

std::vector<double> damage(const Score& score, std::span<const double> original, std::span<const double> candidate) {
  if (!score.needsReference() && original.size() != candidate.size())
    throw Error(ErrorKind::failed, "damage needs the same samples twice, found " + std::to_string(original.size()) + " and " + std::to_string(candidate.size()));
  const double sign = score.higherIsBetter() ? -1 : 1;
  const double same = score.higherIsBetter() ? 1 : 0;
  std::vector<double> result(candidate.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double before = score.needsReference() ? same : original[i];
    result[i] = sign * (candidate[i] - before);
  }
  return result;
}

}  // namespace planish
