#include "core/parameters/declaration.h"

#include "core/base/error.h"

#include <charconv>

namespace planish {
namespace {

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string range(const ParameterDeclaration& declared) {
  std::string text;
  if (declared.minimum) text += " from " + toText(ParameterValue(*declared.minimum));
  if (declared.maximum) text += " to " + toText(ParameterValue(*declared.maximum));
  return text;
}

}  // namespace

std::string toText(const ParameterValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* word = std::get_if<std::string>(&value)) return *word;
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, std::get<double>(value));
  return {buffer, end};
}

ParameterValues::ParameterValues(const Declaration& declaration) : m_method(declaration.id), m_declared(declaration.parameters) {
  for (const auto& parameter : m_declared) m_values[parameter.name] = parameter.defaultValue;
}

const ParameterDeclaration& ParameterValues::declared(std::string_view name) const {
  std::vector<std::string> known;
  for (const auto& parameter : m_declared) {
    if (parameter.name == name) return parameter;
    known.push_back(parameter.name);
  }
  throw unknownName("parameter of " + m_method, name, known);
}

void ParameterValues::set(std::string_view name, std::string_view text) {
  const auto& parameter = declared(name);
  const auto refuse = [&](const std::string& expected) {
    return Error(ErrorKind::usage, "parameter '" + parameter.name + "' of " + m_method + ": expected " + expected + range(parameter) + ", found '" +
                                       printable(text) + "'");
  };
  if (std::holds_alternative<std::int64_t>(parameter.defaultValue)) {
    const auto value = parse<std::int64_t>(text);
    if (!value) throw refuse("a whole number");
    set(name, ParameterValue(*value));
  } else if (std::holds_alternative<double>(parameter.defaultValue)) {
    const auto value = parse<double>(text);
    if (!value) throw refuse("a number");
    set(name, ParameterValue(*value));
  } else if (std::holds_alternative<bool>(parameter.defaultValue)) {
    if (text != "true" && text != "false" && text != "1" && text != "0") throw refuse("true or false");
    set(name, ParameterValue(text == "true" || text == "1"));
  } else {
    set(name, ParameterValue(std::string(text)));
  }
}

void ParameterValues::set(std::string_view name, ParameterValue value) {
  const auto& parameter = declared(name);
  if (value.index() != parameter.defaultValue.index())
    throw Error(ErrorKind::usage, "parameter '" + parameter.name + "' of " + m_method + " has another type than '" + toText(value) + "'");
  if (const auto* word = std::get_if<std::string>(&value); word && !parameter.choices.empty()) {
    bool known = false;
    for (const auto& choice : parameter.choices) known = known || choice == *word;
    if (!known) throw unknownName("value of '" + parameter.name + "'", *word, parameter.choices);
  }
  const auto* whole = std::get_if<std::int64_t>(&value);
  const auto* real = std::get_if<double>(&value);
  if (whole || real) {
    const double number = whole ? static_cast<double>(*whole) : *real;
    if (!(number == number) || (parameter.minimum && number < *parameter.minimum) || (parameter.maximum && number > *parameter.maximum))
      throw Error(ErrorKind::usage, "parameter '" + parameter.name + "' of " + m_method + ": expected a number" + range(parameter) + ", found " + toText(value));
  }
  m_values[parameter.name] = std::move(value);
}

std::int64_t ParameterValues::whole(std::string_view name) const { return std::get<std::int64_t>(m_values.find(declared(name).name)->second); }
double ParameterValues::number(std::string_view name) const { return std::get<double>(m_values.find(declared(name).name)->second); }
bool ParameterValues::flag(std::string_view name) const { return std::get<bool>(m_values.find(declared(name).name)->second); }
const std::string& ParameterValues::word(std::string_view name) const {
  return std::get<std::string>(m_values.find(declared(name).name)->second);
}

std::string ParameterValues::text() const {
  std::string text;
  for (const auto& [name, value] : m_values) text += (text.empty() ? "" : " ") + name + "=" + toText(value);
  return text;
}

}  // namespace planish
