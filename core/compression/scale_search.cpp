#include "core/compression/scale_search.h"

#include "core/base/error.h"
#include "core/compression/dense_plane.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the baseline's registers never cross a call here: everything is inlined

namespace planish {
namespace {

constexpr std::size_t kLanes = 8;
/// Values between which float sums are handed to float64 ones.
constexpr std::size_t kBlock = 512;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using IntegerLanes = std::int32_t __attribute__((vector_size(kLanes * sizeof(float))));

#define PLANISH_INLINE inline __attribute__((always_inline))

PLANISH_INLINE Lanes all(float value) { return Lanes{} + value; }

/// Half to even, for |x| < 2^22: adding 1.5 * 2^23 leaves no bits behind the point.
PLANISH_INLINE Lanes roundHalfEven(Lanes x) {
  const Lanes magic = all(12582912.f);
  return (x + magic) - magic;
}

struct IntegerGrid {
  float low, high;
  PLANISH_INLINE Lanes nearest(Lanes t) const {
    const Lanes l = all(low), h = all(high);
    t = t < l ? l : t;
    t = t > h ? h : t;
    return roundHalfEven(t);
  }
};

/// Small floats: the mantissa is rounded half to even on the float's own bits, subnormals by a step.
struct FloatGrid {
  int mantissa;
  float smallestNormal, largest;
  PLANISH_INLINE Lanes nearest(Lanes t) const {
    IntegerLanes bits;
    std::memcpy(&bits, &t, sizeof bits);
    const IntegerLanes sign = bits & std::int32_t(0x80000000);
    const IntegerLanes magnitudeBits = bits & 0x7FFFFFFF;
    Lanes magnitude;
    std::memcpy(&magnitude, &magnitudeBits, sizeof bits);
    magnitude = magnitude > all(largest) ? all(largest) : magnitude;
    IntegerLanes clamped;
    std::memcpy(&clamped, &magnitude, sizeof bits);
    const int shift = 23 - mantissa;
    clamped = (clamped + ((1 << (shift - 1)) - 1) + ((clamped >> shift) & 1)) & ~((1 << shift) - 1);
    Lanes normal;
    std::memcpy(&normal, &clamped, sizeof bits);
    const Lanes magic = all(12582912.f * smallestNormal) * all(1.f / static_cast<float>(1 << mantissa));
    const Lanes subnormal = (magnitude + magic) - magic;
    Lanes result = magnitude < all(smallestNormal) ? subnormal : normal;
    IntegerLanes out;
    std::memcpy(&out, &result, sizeof bits);
    out |= sign;
    std::memcpy(&result, &out, sizeof bits);
    return result;
  }
};

struct TableGrid {
  std::array<float, 15> middles, steps;
  float first;
  PLANISH_INLINE Lanes nearest(Lanes t) const {
    Lanes level = all(first);
    for (std::size_t i = 0; i < middles.size(); ++i) level += t > all(middles[i]) ? all(steps[i]) : Lanes{};
    return level;
  }
};

/// Of t = x / scale against its level q, each times the importance h: sum h (q - t)^2, sum h q t, sum h q^2.
struct Sums {
  double error = 0, cross = 0, square = 0;
};

template <typename Grid, bool weighted>
PLANISH_INLINE Sums sumsOf(const Grid& grid, const float* values, const float* importance, std::size_t count, float scale) {
  const Lanes divisor = all(scale);
  Sums sums;
  for (std::size_t block = 0; block < count; block += kBlock) {
    Lanes error{}, cross{}, square{};
    const std::size_t end = std::min(count, block + kBlock);
    for (std::size_t i = block; i < end; i += kLanes) {
      Lanes x, h;
      std::memcpy(&x, values + i, sizeof x);
      const Lanes t = x / divisor, q = grid.nearest(t), d = q - t;
      Lanes q1 = q, d1 = d;
      if constexpr (weighted) {
        std::memcpy(&h, importance + i, sizeof h);
        q1 = q * h;
        d1 = d * h;
      }
      error += d1 * d;
      cross += q1 * t;
      square += q1 * q;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums.error += error[lane];
      sums.cross += cross[lane];
      sums.square += square[lane];
    }
  }
  return sums;
}

template <typename Grid>
PLANISH_INLINE Sums sumsOfEither(const Grid& grid, const float* values, const float* importance, std::size_t count, float scale) {
  return importance ? sumsOf<Grid, true>(grid, values, importance, count, scale) : sumsOf<Grid, false>(grid, values, importance, count, scale);
}

/// The same sums in the same order with wider instructions where the machine has them: contraction is off, so results are equal.
template <typename Grid>
Sums sums(const Grid& grid, const float* values, const float* importance, std::size_t count, float scale) {
  return sumsOfEither(grid, values, importance, count, scale);
}

#if defined(__x86_64__)
template <typename Grid>
__attribute__((target("avx2"))) Sums sumsAvx2(const Grid& grid, const float* values, const float* importance, std::size_t count, float scale) {
  return sumsOfEither(grid, values, importance, count, scale);
}
#endif

/// A group padded with zeros to whole lanes: they are exact in every grid and add nothing to the sums.
struct Group {
  std::vector<float> values, importance;
  const InputMoments* inputs = nullptr;  ///< given: errors are those of the output
  std::vector<float> hx;                 ///< H x
  double power = 0;                      ///< of the output, x^T H x
  std::size_t count = 0;
  float least = 0, most = 0;

  Group(std::span<const float> v, std::span<const float> h) : count(v.size()) {
    const std::size_t padded = (v.size() + kLanes - 1) / kLanes * kLanes;
    values.assign(padded, 0.f);
    std::copy(v.begin(), v.end(), values.begin());
    if (!h.empty()) {
      importance.assign(padded, 0.f);
      std::copy(h.begin(), h.end(), importance.begin());
    }
    for (const float x : v) {
      least = std::min(least, x);
      most = std::max(most, x);
    }
  }

  template <typename Grid>
  Sums judge(const Grid& grid, float scale, double norm) const {
    if (inputs) return judgeOutputs(grid, std::span(&scale, 1)).front();
    if (norm != 2) return judgeByNorm(grid, scale, norm);
    const float* h = importance.empty() ? nullptr : importance.data();
#if defined(__x86_64__)
    static const bool wide = __builtin_cpu_supports("avx2");
    if (wide) return sumsAvx2(grid, values.data(), h, values.size(), scale);
#endif
    return sums(grid, values.data(), h, values.size(), scale);
  }

  void judgeByOutput(const InputMoments& moments, std::vector<float> products) {
    inputs = &moments;
    hx = std::move(products);
    for (std::size_t i = 0; i < count; ++i) power += double(values[i]) * double(hx[i]);
  }

  /// With t = x / scale: writes the errors d = q - t into one of sixteen columns, and returns x^T H d.
  template <typename Grid>
  double errorsInto(const Grid& grid, float scale, float* columns, std::size_t column) const {
    float lane[kLanes];
    double mixed = 0;
    for (std::size_t i = 0; i < count; i += kLanes) {
      Lanes x;
      std::memcpy(&x, values.data() + i, sizeof x);
      const Lanes t = x / all(scale), d = grid.nearest(t) - t;
      std::memcpy(lane, &d, sizeof lane);
      for (std::size_t j = 0; j < std::min(kLanes, count - i); ++j) {
        columns[(i + j) * InputMoments::kRows + column] = lane[j];
        mixed += double(lane[j]) * double(hx[i + j]);
      }
    }
    return mixed;
  }

  /// What judge() gives, of the output: d^T H d (given), q^T H t and q^T H q.
  Sums outputSums(double error, double mixed, double scale) const {
    return {error, power / (scale * scale) + mixed / scale, power / (scale * scale) + 2 * mixed / scale + error};
  }

  /// By scale (sixteen at most) the sums of the output.
  template <typename Grid>
  std::vector<Sums> judgeOutputs(const Grid& grid, std::span<const float> scales) const {
    std::vector<float> errors(count * InputMoments::kRows);
    double mixed[InputMoments::kRows], forms[InputMoments::kRows];
    for (std::size_t k = 0; k < scales.size(); ++k) mixed[k] = errorsInto(grid, scales[k], errors.data(), k);
    inputs->forms(errors.data(), static_cast<std::int64_t>(scales.size()), forms);
    std::vector<Sums> sums;
    for (std::size_t k = 0; k < scales.size(); ++k) sums.push_back(outputSums(forms[k], mixed[k], scales[k]));
    return sums;
  }

  template <typename Grid>
  Sums judgeByNorm(const Grid& grid, float scale, double norm) const {
    Sums result;
    for (std::size_t i = 0; i < values.size(); i += kLanes) {
      Lanes x;
      std::memcpy(&x, values.data() + i, sizeof x);
      const Lanes t = x / all(scale), d = grid.nearest(t) - t;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double h = importance.empty() ? 1.0 : double(importance[i + lane]);
        result.error += h * std::pow(std::fabs(double(d[lane])), norm);
      }
    }
    return result;
  }
};

struct Found {
  float scale = 1;
  int zeroPoint = 0;
  double error = std::numeric_limits<double>::infinity();
};

/// Judges scales against one group under one rule and keeps the best.
class Search {
 public:
  Search(const ScaleRule& rule, const Group& group) : m_rule(rule), m_group(group) {}

  /// Tries a scale; true if it is the best so far. `sums` tells what its levels were.
  template <typename Grid>
  bool attempt(const Grid& grid, double wanted, int zeroPoint, Sums* sums = nullptr) {
    const float scale = storedScale(static_cast<float>(wanted), m_rule.scaleBits);
    const Sums found = m_group.judge(grid, scale, m_rule.norm);
    if (sums) *sums = found;
    return take(scale, zeroPoint, found);
  }

  /// Tries every share of the range that the rule wants; by the output's error the sixteen that seem best where a closer look costs much.
  template <typename Grid>
  void attemptShares(const Grid& grid, double wholeRange, int zeroPoint) {
    const int steps = m_rule.clipSearch ? static_cast<int>(std::floor((1 - m_rule.leastShare) * m_rule.grid + 1e-9)) : 0;
    std::vector<float> scales;
    for (int i = 0; i <= steps; ++i) scales.push_back(storedScale(static_cast<float>((1 - double(i) / m_rule.grid) * wholeRange), m_rule.scaleBits));
    if (!m_group.inputs) {
      for (const float scale : scales) take(scale, zeroPoint, m_group.judge(grid, scale, m_rule.norm));
      return;
    }
    if (m_group.inputs->screens() && scales.size() > InputMoments::kRows) scales = promising(grid, scales);
    for (std::size_t first = 0; first < scales.size(); first += InputMoments::kRows) {
      const auto part = std::span(scales).subspan(first, std::min<std::size_t>(InputMoments::kRows, scales.size() - first));
      const auto sums = m_group.judgeOutputs(grid, part);
      for (std::size_t k = 0; k < part.size(); ++k) take(part[k], zeroPoint, sums[k]);
    }
  }

  /// s = sum h q x / sum h q^2 with the codes fixed, then codes anew; as long as it helps.
  template <typename Grid>
  void refine(const Grid& grid) {
    if (m_rule.norm != 2 || !m_rule.clipSearch) return;
    Sums sums = m_group.judge(grid, best.scale, 2);
    for (int i = 0; i < m_rule.refinements && sums.square > 0 && sums.cross > 0; ++i)
      if (!attempt(grid, best.scale * sums.cross / sums.square, best.zeroPoint, &sums)) return;
  }

  void asymmetric() {
    const int top = (1 << m_rule.bits) - 1;
    const auto grid = [&](int zeroPoint) { return IntegerGrid{static_cast<float>(-zeroPoint), static_cast<float>(top - zeroPoint)}; };
    const double least = m_group.least, most = m_group.most;
    const double wholeRange = (most - least) / top;
    const auto zeroFor = [&](double scale) { return static_cast<int>(std::clamp(std::nearbyint(-least / scale), 0.0, double(top))); };
    // Both ends shrink alike, so their ratio and with it the zero point stay.
    const int first = zeroFor(wholeRange);
    attemptShares(grid(first), wholeRange, first);
    if (!m_rule.clipSearch) return;
    refine(grid(best.zeroPoint));
    for (bool better = true; better;) {
      better = false;
      for (const int zeroPoint : {best.zeroPoint - 1, best.zeroPoint + 1}) {
        if (zeroPoint < 0 || zeroPoint > top || !attempt(grid(zeroPoint), best.scale, zeroPoint)) continue;
        refine(grid(zeroPoint));
        better = true;
        break;
      }
    }
  }

  /// refine() of many groups at once, whose errors share one product with the moments of their inputs; each gets what it would get alone.
  template <typename Grid>
  static void refineTogether(const Grid& grid, std::span<Search> searches, const InputMoments& inputs) {
    std::vector<float> columns(static_cast<std::size_t>(inputs.count() * InputMoments::kRows));
    std::vector<Search*> open;
    for (Search& search : searches) open.push_back(&search);
    std::vector<float> wanted;
    for (Search* search : open) wanted.push_back(search->best.scale);
    for (int round = 0; !open.empty(); ++round) {
      double mixed[InputMoments::kRows], forms[InputMoments::kRows];
      for (std::size_t k = 0; k < open.size(); ++k) mixed[k] = open[k]->m_group.errorsInto(grid, wanted[k], columns.data(), k);
      inputs.forms(columns.data(), static_cast<std::int64_t>(open.size()), forms);
      std::vector<Search*> next;
      std::vector<float> scales;
      for (std::size_t k = 0; k < open.size(); ++k) {
        Search& search = *open[k];
        const Sums sums = search.m_group.outputSums(forms[k], mixed[k], wanted[k]);
        if (round > 0 && !search.take(wanted[k], search.best.zeroPoint, sums)) continue;
        if (round == search.m_rule.refinements || !(sums.square > 0 && sums.cross > 0)) continue;
        next.push_back(&search);
        scales.push_back(storedScale(static_cast<float>(search.best.scale * sums.cross / sums.square), search.m_rule.scaleBits));
      }
      open = std::move(next);
      wanted = std::move(scales);
    }
  }

  Found best;

 private:
  /// The sixteen scales whose errors of the output are least at a glance, in their order.
  template <typename Grid>
  std::vector<float> promising(const Grid& grid, const std::vector<float>& scales) const {
    std::vector<double> errors(scales.size());
    std::vector<float> columns(m_group.count * InputMoments::kRows);
    for (std::size_t first = 0; first < scales.size(); first += InputMoments::kRows) {
      const std::size_t count = std::min<std::size_t>(InputMoments::kRows, scales.size() - first);
      for (std::size_t k = 0; k < count; ++k) m_group.errorsInto(grid, scales[first + k], columns.data(), k);
      m_group.inputs->screen(columns.data(), static_cast<std::int64_t>(count), errors.data() + first);
    }
    for (std::size_t i = 0; i < scales.size(); ++i) errors[i] *= double(scales[i]) * double(scales[i]);
    std::vector<std::size_t> order(scales.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return errors[a] < errors[b]; });
    order.resize(InputMoments::kRows);
    std::sort(order.begin(), order.end());
    std::vector<float> best;
    for (const std::size_t i : order) best.push_back(scales[i]);
    return best;
  }

  bool take(float scale, int zeroPoint, const Sums& sums) {
    const double error = sums.error * std::pow(double(scale), m_rule.norm);
    if (!(error < best.error)) return false;
    best = {scale, zeroPoint, error};
    return true;
  }

  const ScaleRule& m_rule;
  const Group& m_group;
};

TableGrid nf4Grid() {
  TableGrid grid{};
  const auto& table = nf4Table();
  grid.first = table[0];
  for (std::size_t i = 0; i < 15; ++i) {
    grid.middles[i] = (table[i] + table[i + 1]) / 2;
    grid.steps[i] = table[i + 1] - table[i];
  }
  return grid;
}

}  // namespace

float largestElement(NumberFormat format) {
  switch (format) {
    case NumberFormat::fp8e4m3: return 448;
    case NumberFormat::fp8e5m2: return 57344;
    case NumberFormat::fp4e2m1: return 6;
    case NumberFormat::nf4: return 1;
    default: throw Error(ErrorKind::failed, "a format without a largest element");
  }
}

namespace {

constexpr int kAtOnce = static_cast<int>(InputMoments::kRows);

/// Scales of groups that are judged alike: by their weights, or all by the same inputs (`inputs`, sixteen groups at most).
std::vector<GroupScale> search(const ScaleRule& rule, std::span<const Group> groups, const InputMoments* inputs) {
  std::vector<GroupScale> scales(groups.size(), {storedScale(1, rule.scaleBits), rule.format == NumberFormat::unsignedInteger ? 1 << (rule.bits - 1) : 0});
  std::vector<Search> searches;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].least == 0 && groups[i].most == 0) continue;
    searches.emplace_back(rule, groups[i]);
    which.push_back(i);
  }
  const auto symmetric = [&](const auto& grid, const auto& wholeRange) {
    for (std::size_t k = 0; k < searches.size(); ++k) {
      searches[k].attemptShares(grid, wholeRange(groups[which[k]]), 0);
      if (!inputs) searches[k].refine(grid);
    }
    if (inputs && rule.clipSearch) Search::refineTogether(grid, std::span(searches), *inputs);
  };
  const auto over = [](double largest) { return [largest](const Group& group) { return std::max(-double(group.least), double(group.most)) / largest; }; };
  switch (rule.format) {
    case NumberFormat::integer: {
      const double half = 1 << (rule.bits - 1);
      symmetric(IntegerGrid{static_cast<float>(-half), static_cast<float>(half - 1)}, [half](const Group& group) { return std::max(group.most / (half - 1), -group.least / half); });
      break;
    }
    case NumberFormat::unsignedInteger:
      for (Search& one : searches) one.asymmetric();
      break;
    case NumberFormat::fp8e4m3: symmetric(FloatGrid{3, 0x1p-6f, 448}, over(448)); break;
    case NumberFormat::fp8e5m2: symmetric(FloatGrid{2, 0x1p-14f, 57344}, over(57344)); break;
    case NumberFormat::fp4e2m1: symmetric(FloatGrid{1, 1, 6}, over(6)); break;
    case NumberFormat::nf4: symmetric(nf4Grid(), over(1)); break;
    default: throw Error(ErrorKind::failed, "a scale for a format that has none");
  }
  for (std::size_t k = 0; k < searches.size(); ++k) scales[which[k]] = {searches[k].best.scale, searches[k].best.zeroPoint};
  return scales;
}

}  // namespace

GroupScale findScale(const ScaleRule& rule, std::span<const float> values, std::span<const float> importance) {
  const Group group(values, importance);
  return search(rule, std::span(&group, 1), nullptr).front();
}

std::vector<GroupScale> findScales(const ScaleRule& rule, std::span<const std::span<const float>> groups, const InputMoments& inputs) {
  std::vector<GroupScale> scales;
  const auto width = static_cast<std::size_t>(inputs.width());
  std::vector<float> columns(static_cast<std::size_t>(inputs.count() * InputMoments::kRows)), products(width * InputMoments::kRows);
  for (std::size_t first = 0; first < groups.size(); first += kAtOnce) {
    const auto part = groups.subspan(first, std::min<std::size_t>(kAtOnce, groups.size() - first));
    std::vector<Group> made;
    for (std::size_t k = 0; k < part.size(); ++k) {
      if (rule.norm != 2 || static_cast<std::int64_t>(part[k].size()) != inputs.count())
        throw Error(ErrorKind::failed, "a scale by the output's error: expected norm 2 and as many inputs as values");
      made.emplace_back(part[k], std::span<const float>());
      for (std::size_t i = 0; i < part[k].size(); ++i) columns[i * InputMoments::kRows + k] = part[k][i];
    }
    inputs.multiply(columns.data(), static_cast<std::int64_t>(part.size()), products.data());
    for (std::size_t k = 0; k < part.size(); ++k) {
      const auto begin = products.begin() + static_cast<std::ptrdiff_t>(k * width);
      made[k].judgeByOutput(inputs, {begin, begin + static_cast<std::ptrdiff_t>(part[k].size())});
    }
    const auto found = search(rule, made, &inputs);
    scales.insert(scales.end(), found.begin(), found.end());
  }
  return scales;
}

GroupScale findScale(const ScaleRule& rule, std::span<const float> values, const InputMoments& inputs) { return findScales(rule, std::span(&values, 1), inputs).front(); }

}  // namespace planish
