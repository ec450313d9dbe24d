#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace planish {

/// A parameter's value: whole number, number, yes/no or word.
using ParameterValue = std::variant<std::int64_t, double, bool, std::string>;

/// One setting of a method, typed: forms, command-line help, reports and checks come from it.
struct ParameterDeclaration {
  std::string name;  ///< as typed on the command line: "grid", "clip-search"
  ParameterValue defaultValue;
  std::string help;
  std::string unit;                        ///< "" for none
  std::optional<double> minimum, maximum;  ///< of numbers, inclusive
  std::vector<std::string> choices;        ///< of words; empty: any
};

/// How a method presents itself: the id scripts use, the name people read, what it does, its parameters.
struct Declaration {
  std::string id;
  std::string name;
  std::string help;
  std::vector<ParameterDeclaration> parameters;
};

/// Values for the parameters of one declaration; what was not given has its default.
class ParameterValues {
 public:
  explicit ParameterValues(const Declaration& declaration);

  /// Parses and range-checks; a wrong name lists the right ones, a wrong value says the range. Throws Error(usage).
  void set(std::string_view name, std::string_view text);
  void set(std::string_view name, ParameterValue value);

  std::int64_t whole(std::string_view name) const;
  double number(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::string& word(std::string_view name) const;

  const std::map<std::string, ParameterValue, std::less<>>& all() const { return m_values; }
  /// "grid=100 norm=2" in the order of the names; part of fingerprints.
  std::string text() const;

 private:
  const ParameterDeclaration& declared(std::string_view name) const;
  std::string m_method;
  std::vector<ParameterDeclaration> m_declared;
  std::map<std::string, ParameterValue, std::less<>> m_values;
};

/// A value as text, in the C locale, round-trip exact.
std::string toText(const ParameterValue& value);

}  // namespace planish
