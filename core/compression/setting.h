#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace planish {

/// Number format of a weight's elements.
enum class NumberFormat : std::uint8_t {
  keep,  ///< as it is in the network
  fp32, fp16, bf16,
  integer,          ///< signed, symmetric; `bits` 2..8
  unsignedInteger,  ///< with a zero point; `bits` 2..8
  fp8e4m3, fp8e5m2, fp4e2m1, nf4,
  gguf,  ///< a GGUF block type, by name
};

/// What one scale covers.
enum class Granularity : std::uint8_t { perTensor, perChannel, perGroup };

struct Sparsity {
  enum class Kind : std::uint8_t { none, unstructured, pattern, channels };
  Kind kind = Kind::none;
  double percent = 0;  ///< of weights (unstructured) or output channels that become zero
  int keep = 0, of = 0;  ///< pattern N:M: N of M consecutive inputs stay ("2:4")
  bool operator==(const Sparsity&) const = default;
};

struct Rank {
  std::int64_t rank = 0;  ///< 0: none
  double percent = 0;     ///< of min(rows, columns); 0: none
  bool given() const { return rank > 0 || percent > 0; }
  bool operator==(const Rank&) const = default;
};

/// What a plan says of one layer. One grammar everywhere:
/// FORMAT[gGROUP|pt|pc][+sPERCENT|+N:M|+cPERCENT][+rRANK|+rPERCENT%][+aBITS][@METHOD[:NAME=VALUE]...].
struct Setting {
  NumberFormat format = NumberFormat::keep;
  int bits = 0;              ///< of integer formats
  std::string ggufType = {};      ///< of gguf, upper case: "Q4_K"
  Granularity granularity = Granularity::perChannel;  ///< of formats with scales
  int group = 0;             ///< of perGroup
  Sparsity sparsity = {};
  Rank rank = {};
  int activationBits = 0;    ///< 0: not quantised
  std::string method = {};        ///< compressor id; empty: the first that can
  std::map<std::string, std::string> parameters = {};  ///< the method's, as typed; what is not in it has its default

  bool operator==(const Setting&) const = default;
  bool isKeep() const { return *this == Setting{}; }
  /// Code bits per weight of the format: 32 for keep and fp32, 16, 8, 4, ... (a keep of a 16-bit network is the caller's to know).
  double bitsPerCode() const;
};

/// Throws Error(usage): the unknown word, what is known, and the place in the text. Which methods there are and what parameters they have,
/// checkMethod in compressor.h knows.
Setting parseSetting(std::string_view text);
/// Canonical text; parseSetting(toText(s)) == s.
std::string toText(const Setting& setting);

/// A comma list of settings or names of option sets ("weights", "int8-int4", "activations", "sparsity", "rank", "all"); duplicates dropped.
std::vector<Setting> parseOptions(std::string_view text);
/// The option sets by name, for help texts.
std::vector<std::pair<std::string, std::vector<std::string>>> optionSets();

}  // namespace planish
