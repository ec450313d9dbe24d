#include "core/compression/setting.h"

#include "core/base/error.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace planish {
namespace {

struct FormatWord {
  std::string_view word;
  NumberFormat format;
  int bits;
};

constexpr FormatWord kFormats[] = {
    {"keep", NumberFormat::keep, 0},
    {"fp32", NumberFormat::fp32, 0},
    {"fp16", NumberFormat::fp16, 0},
    {"bf16", NumberFormat::bf16, 0},
    {"int2", NumberFormat::integer, 2},
    {"int3", NumberFormat::integer, 3},
    {"int4", NumberFormat::integer, 4},
    {"int5", NumberFormat::integer, 5},
    {"int6", NumberFormat::integer, 6},
    {"int7", NumberFormat::integer, 7},
    {"int8", NumberFormat::integer, 8},
    {"uint2", NumberFormat::unsignedInteger, 2},
    {"uint3", NumberFormat::unsignedInteger, 3},
    {"uint4", NumberFormat::unsignedInteger, 4},
    {"uint5", NumberFormat::unsignedInteger, 5},
    {"uint6", NumberFormat::unsignedInteger, 6},
    {"uint7", NumberFormat::unsignedInteger, 7},
    {"uint8", NumberFormat::unsignedInteger, 8},
    {"fp8e4m3", NumberFormat::fp8e4m3, 0},
    {"fp8e5m2", NumberFormat::fp8e5m2, 0},
    {"fp4e2m1", NumberFormat::fp4e2m1, 0},
    {"nf4", NumberFormat::nf4, 0},
};

/// GGUF block types with weights per block and bytes of a block.
struct GgufType {
  std::string_view name;
  int weights, bytes;
};

constexpr GgufType kGgufTypes[] = {
    {"Q4_0", 32, 18},    {"Q4_1", 32, 20},   {"Q5_0", 32, 22},   {"Q5_1", 32, 24},    {"Q8_0", 32, 34},    {"Q2_K", 256, 84},
    {"Q3_K", 256, 110},  {"Q4_K", 256, 144}, {"Q5_K", 256, 176}, {"Q6_K", 256, 210},  {"IQ1_S", 256, 50},  {"IQ1_M", 256, 56},
    {"IQ2_XXS", 256, 66}, {"IQ2_XS", 256, 74}, {"IQ2_S", 256, 82}, {"IQ3_XXS", 256, 98}, {"IQ3_S", 256, 110}, {"IQ4_NL", 32, 18},
    {"IQ4_XS", 256, 136}, {"TQ1_0", 256, 54}, {"TQ2_0", 256, 66}, {"MXFP4", 32, 17},   {"NVFP4", 64, 36},
};

constexpr int kLargestGroup = 1 << 20;

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string number(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return {buffer, end};
}

std::vector<std::string> formatWords() {
  std::vector<std::string> words;
  for (const auto& format : kFormats) words.emplace_back(format.word);
  for (const auto& type : kGgufTypes) words.push_back(lowered(type.name));
  return words;
}

bool hasScales(NumberFormat format) {
  switch (format) {
    case NumberFormat::integer:
    case NumberFormat::unsignedInteger:
    case NumberFormat::fp8e4m3:
    case NumberFormat::fp8e5m2:
    case NumberFormat::fp4e2m1:
    case NumberFormat::nf4: return true;
    default: return false;
  }
}

/// Reads one setting; every error names the word and its place.
class SettingParser {
 public:
  explicit SettingParser(std::string_view text) : m_text(lowered(text)) {}

  Setting parse() {
    std::size_t end = std::min(m_text.find_first_of("+@"), m_text.size());
    readFormat(m_text.substr(0, end));
    while (end < m_text.size()) {
      const std::size_t from = end + 1;
      if (m_text[end] == '@') {
        readMethod(m_text.substr(from), from);
        break;
      }
      end = std::min(m_text.find_first_of("+@", from), m_text.size());
      readPart(m_text.substr(from, end - from), from);
    }
    return m_setting;
  }

 private:
  [[noreturn]] void fail(const std::string& message, std::size_t place) const {
    throw Error(ErrorKind::usage, message).at("setting '" + printable(m_text) + "', character " + std::to_string(place + 1));
  }

  [[noreturn]] void failUnknown(std::string_view what, std::string_view word, std::size_t place, const std::vector<std::string>& known) const {
    fail(unknownName(what, printable(word), known).message(), place);
  }

  void readFormat(const std::string& word) {
    if (word == "f32" || word == "f16") {
      m_setting.format = word == "f32" ? NumberFormat::fp32 : NumberFormat::fp16;
      return;
    }
    for (const auto& type : kGgufTypes)
      if (word == lowered(type.name)) {
        m_setting.format = NumberFormat::gguf;
        m_setting.ggufType = type.name;
        return;
      }
    for (const auto& format : kFormats)
      if (word.starts_with(format.word) && readGranularity(word.substr(format.word.size()), format)) return;
    failUnknown("number format", word, 0, formatWords());
  }

  /// False if `suffix` is no granularity, so that the whole word is unknown.
  bool readGranularity(const std::string& suffix, const FormatWord& format) {
    if (!suffix.empty() && suffix != "pt" && suffix != "pc" && (suffix[0] != 'g' || suffix.size() < 2 || !isDigit(suffix[1]))) return false;
    if (!suffix.empty() && !hasScales(format.format))
      fail("'" + std::string(format.word) + "' has no scales, so '" + suffix + "' has no meaning", format.word.size());
    m_setting.format = format.format;
    m_setting.bits = format.bits;
    if (suffix == "pt") m_setting.granularity = Granularity::perTensor;
    if (!suffix.empty() && suffix[0] == 'g') {
      m_setting.granularity = Granularity::perGroup;
      m_setting.group = static_cast<int>(whole(suffix.substr(1), 1, kLargestGroup, "a group size", format.word.size() + 1));
    }
    return true;
  }

  void readPart(const std::string& part, std::size_t place) {
    const std::vector<std::string> known = {"sPERCENT (weights that become zero)", "N:M (N of M weights stay)",
                                            "cPERCENT (output channels that become zero)", "rRANK", "rPERCENT%", "aBITS (activations)"};
    const std::string rest = part.empty() ? std::string() : part.substr(1);
    if (part.empty()) fail("a '+' with nothing behind it; known: s, N:M, c, r, a", place);
    if (isDigit(part[0]) && part.find(':') != std::string::npos) {
      readPattern(part, place);
    } else if ((part[0] == 's' || part[0] == 'c') && startsNumber(rest)) {
      once(m_setting.sparsity.kind != Sparsity::Kind::none, "sparsity", place);
      m_setting.sparsity.kind = part[0] == 's' ? Sparsity::Kind::unstructured : Sparsity::Kind::channels;
      m_setting.sparsity.percent = percent(rest, false, place + 1);
    } else if (part[0] == 'r' && startsNumber(rest)) {
      once(m_setting.rank.given(), "rank", place);
      if (rest.back() == '%') m_setting.rank.percent = percent(rest.substr(0, rest.size() - 1), true, place + 1);
      else m_setting.rank.rank = whole(rest, 1, std::int64_t(1) << 31, "a rank", place + 1);
    } else if (part[0] == 'a' && startsNumber(rest)) {
      once(m_setting.activationBits != 0, "activation bits", place);
      if (rest != "8" && rest != "16") failUnknown("number of activation bits", rest, place + 1, {"8", "16"});
      m_setting.activationBits = rest == "8" ? 8 : 16;
    } else {
      failUnknown("part of a setting", part, place, known);
    }
  }

  void readPattern(const std::string& part, std::size_t place) {
    once(m_setting.sparsity.kind != Sparsity::Kind::none, "sparsity", place);
    const std::size_t colon = part.find(':');
    Sparsity& sparsity = m_setting.sparsity;
    sparsity.kind = Sparsity::Kind::pattern;
    sparsity.of = static_cast<int>(whole(part.substr(colon + 1), 2, 256, "M of the pattern N:M", place + colon + 1));
    sparsity.keep = static_cast<int>(whole(part.substr(0, colon), 1, sparsity.of - 1, "N of the pattern N:M", place));
  }

  /// METHOD[:NAME=VALUE]...
  void readMethod(const std::string& words, std::size_t place) {
    std::size_t end = std::min(words.find(':'), words.size());
    m_setting.method = words.substr(0, end);
    if (!isName(m_setting.method)) fail("expected a compressor's id behind '@', found '" + printable(m_setting.method) + "'", place);
    while (end < words.size()) {
      const std::size_t from = end + 1;
      end = std::min(words.find(':', from), words.size());
      readParameter(words.substr(from, end - from), place + from);
    }
  }

  void readParameter(const std::string& word, std::size_t place) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals), value = equals < word.size() ? word.substr(equals + 1) : std::string();
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return isWordCharacter(c) || c == '.' || c == '+'; });
    if (!isName(name) || value.empty() || !plain) fail("expected NAME=VALUE of the compressor behind ':', found '" + printable(word) + "'", place);
    once(!m_setting.parameters.emplace(name, value).second, "'" + name + "'", place);
  }

  void once(bool given, const std::string& what, std::size_t place) const {
    if (given) fail(what + " is given twice", place);
  }

  std::int64_t whole(const std::string& text, std::int64_t least, std::int64_t most, const std::string& what, std::size_t place) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < least || value > most)
      fail("expected " + what + " from " + std::to_string(least) + " to " + std::to_string(most) + ", found '" + printable(text) + "'", place);
    return value;
  }

  /// Above 0 and below 100; `full`: 100 too.
  double percent(const std::string& text, bool full, std::size_t place) const {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > 100 || (value == 100 && !full))
      fail(std::string("expected a percentage above 0 and ") + (full ? "up to" : "below") + " 100, found '" + printable(text) + "'", place);
    return value;
  }

  static bool isDigit(char c) { return c >= '0' && c <= '9'; }
  static bool isWordCharacter(char c) { return (c >= 'a' && c <= 'z') || isDigit(c) || c == '-' || c == '_'; }
  static bool isName(const std::string& text) { return !text.empty() && std::all_of(text.begin(), text.end(), isWordCharacter); }
  static bool startsNumber(const std::string& text) { return !text.empty() && (isDigit(text[0]) || text[0] == '.' || text[0] == '-'); }

  std::string m_text;
  Setting m_setting;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

double Setting::bitsPerCode() const {
  switch (format) {
    case NumberFormat::keep:
    case NumberFormat::fp32: return 32;
    case NumberFormat::fp16:
    case NumberFormat::bf16: return 16;
    case NumberFormat::integer:
    case NumberFormat::unsignedInteger: return bits;
    case NumberFormat::fp8e4m3:
    case NumberFormat::fp8e5m2: return 8;
    case NumberFormat::fp4e2m1:
    case NumberFormat::nf4: return 4;
    case NumberFormat::gguf:
      for (const auto& type : kGgufTypes)
        if (type.name == ggufType) return 8.0 * type.bytes / type.weights;
      throw unknownName("GGUF type", ggufType, formatWords());
  }
  throw Error(ErrorKind::failed, "number format outside the enumeration");
}

Setting parseSetting(std::string_view text) {
  const std::string_view inner = trimmed(text);
  if (inner.empty()) throw Error(ErrorKind::usage, "expected a setting such as 'int8', 'int4g32+s50' or 'keep', found nothing");
  return SettingParser(inner).parse();
}

std::string toText(const Setting& setting) {
  std::string text;
  if (setting.format == NumberFormat::gguf) text = lowered(setting.ggufType);
  for (const auto& format : kFormats)
    if (format.format == setting.format && format.bits == setting.bits) text = format.word;
  if (text.empty()) throw Error(ErrorKind::failed, "a setting with " + std::to_string(setting.bits) + " bits has no text");
  if (hasScales(setting.format) && setting.granularity == Granularity::perTensor) text += "pt";
  if (hasScales(setting.format) && setting.granularity == Granularity::perGroup) text += "g" + std::to_string(setting.group);
  switch (setting.sparsity.kind) {
    case Sparsity::Kind::none: break;
    case Sparsity::Kind::unstructured: text += "+s" + number(setting.sparsity.percent); break;
    case Sparsity::Kind::pattern: text += "+" + std::to_string(setting.sparsity.keep) + ":" + std::to_string(setting.sparsity.of); break;
    case Sparsity::Kind::channels: text += "+c" + number(setting.sparsity.percent); break;
  }
  if (setting.rank.rank > 0) text += "+r" + std::to_string(setting.rank.rank);
  else if (setting.rank.percent > 0) text += "+r" + number(setting.rank.percent) + "%";
  if (setting.activationBits) text += "+a" + std::to_string(setting.activationBits);
  if (!setting.method.empty()) text += "@" + setting.method;
  for (const auto& [name, value] : setting.parameters) text += ":" + name + "=" + value;
  return text;
}

std::vector<std::pair<std::string, std::vector<std::string>>> optionSets() {
  std::vector<std::pair<std::string, std::vector<std::string>>> sets = {
      {"weights", {"int8", "int6", "int5", "int4", "int3", "int2"}},
      {"int8-int4", {"int8", "int4"}},
      {"activations", {"int8+a8", "int8+a16", "int4+a8"}},
      {"sparsity", {"keep+s30", "keep+s50", "keep+s70", "keep+s90", "keep+2:4", "keep+c25"}},
      {"rank", {"keep+r75%", "keep+r50%", "keep+r25%", "keep+r12.5%"}},
  };
  std::vector<std::string> all;
  for (const auto& [name, settings] : sets)
    for (const auto& setting : settings)
      if (std::find(all.begin(), all.end(), setting) == all.end()) all.push_back(setting);
  sets.emplace_back("all", std::move(all));
  return sets;
}

std::vector<Setting> parseOptions(std::string_view text) {
  std::vector<Setting> options;
  const auto add = [&](Setting setting) {
    if (std::find(options.begin(), options.end(), setting) == options.end()) options.push_back(std::move(setting));
  };
  const auto sets = optionSets();
  std::size_t from = 0;
  while (true) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view word = trimmed(text.substr(from, comma - from));
    const auto place = "options, character " + std::to_string(from + 1);
    if (word.empty()) throw Error(ErrorKind::usage, "expected a setting or the name of an option set, found nothing").at(place);
    const auto set = std::find_if(sets.begin(), sets.end(), [&](const auto& s) { return s.first == lowered(word); });
    if (set != sets.end()) {
      for (const auto& setting : set->second) add(parseSetting(setting));
    } else {
      try {
        add(parseSetting(word));
      } catch (const Error& error) {
        std::string names;
        for (const auto& s : sets) names += (names.empty() ? "" : ", ") + s.first;
        throw Error(error.kind(), error.message()).at(error.where()).remedy("or one of the option sets " + names);
      }
    }
    if (comma == text.size()) return options;
    from = comma + 1;
  }
}

}  // namespace planish
