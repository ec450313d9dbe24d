#include "core/base/error.h"
#include "core/allocation/plan.h"
#include "core/network/network.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace planish {
namespace {

struct SizeUnit {
  std::string_view suffix;  // lower case
  double bytes;
};

// Longer suffixes first: "mb" ends with "b".
constexpr SizeUnit kSizeUnits[] = {{"kib", 1024.0}, {"mib", 1048576.0}, {"gib", 1073741824.0}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"b", 1.0}};

constexpr double kMostBytes = 9.0e15;  // below 2^53: exact in a double, and its bits fit into 64

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

Error refused(std::string_view text, const std::string& why) {
  return Error(ErrorKind::usage, "budget '" + printable(text) + "': " + why)
      .remedy("forms: 860092 or 860092B, 2.1MB (10^6 bytes; also kB, GB), 256KiB (1024 bytes; also MiB, GiB), 4.25bpw (bits per weight), 25% (of the "
              "weights' bytes now), loss:0.02 (predicted damage)");
}

double number(std::string_view whole, std::string_view digits) {
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    throw refused(whole, "expected a number, found '" + printable(digits) + "'");
  return value;
}

bool cutSuffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix) return false;
  text.remove_suffix(suffix.size());
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return true;
}

std::string numberText(double value) {
  char buffer[400];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return {buffer, end};
}

}  // namespace

Budget parseBudget(std::string_view given) {
  const std::string lowered = lower(given);
  std::string_view text = lowered;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Budget budget;
  if (text.starts_with("loss:")) {
    budget.kind = Budget::Kind::loss;
    budget.value = number(given, text.substr(5));
    if (budget.value < 0) throw refused(given, "a loss may not be negative");
    return budget;
  }
  if (cutSuffix(text, "bpw")) {
    budget.kind = Budget::Kind::bitsPerWeight;
    budget.value = number(given, text);
    if (budget.value > 64) throw refused(given, "expected at most 64 bits per weight");
  } else if (cutSuffix(text, "%")) {
    budget.kind = Budget::Kind::percent;
    budget.value = number(given, text);
    if (budget.value > 10000) throw refused(given, "expected at most 10000 %");
  } else {
    double unit = 1;
    for (const auto& known : kSizeUnits) {
      if (!cutSuffix(text, known.suffix)) continue;
      unit = known.bytes;
      break;
    }
    budget.value = std::floor(number(given, text) * unit);
    if (budget.value > kMostBytes) throw refused(given, "that is more than 9 PB");
  }
  if (!(budget.value > 0)) throw refused(given, "expected more than nothing");
  return budget;
}

std::string toText(const Budget& budget) {
  switch (budget.kind) {
    case Budget::Kind::bytes: return numberText(budget.value) + "B";
    case Budget::Kind::bitsPerWeight: return numberText(budget.value) + "bpw";
    case Budget::Kind::percent: return numberText(budget.value) + "%";
    case Budget::Kind::loss: return "loss:" + numberText(budget.value);
  }
  return {};
}

std::optional<Bytes> budgetBytes(const Budget& budget, const Network& network, const Layers& layers) {
  if (budget.kind == Budget::Kind::loss) return std::nullopt;
  if (budget.kind == Budget::Kind::bytes) return Bytes{static_cast<std::int64_t>(budget.value)};
  double weights = 0, bytes = 0;
  std::set<ValueId> counted;
  for (const auto& layer : layers.items) {
    if (!counted.insert(layer.weight).second) continue;
    weights += static_cast<double>(layer.weightCount());
    bytes += static_cast<double>(network.value(layer.weight).constant.byteSize());
  }
  // The product with a decimal fraction may come out a hair below a whole number: 0.15 * 1000 / 8.
  const double exact = budget.kind == Budget::Kind::bitsPerWeight ? budget.value * weights / 8 : budget.value * bytes / 100;
  return Bytes{static_cast<std::int64_t>(std::min(std::floor(exact * (1 + 1e-14)), kMostBytes))};
}

}  // namespace planish
