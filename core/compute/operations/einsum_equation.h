#pragma once

#include "core/compute/operations/argument_checks.h"

#include <algorithm>
#include <map>

namespace planish::operations {

/// An Einsum equation fitted to the shapes of its operands. Every index has a number: those of the output first, in its order.
struct EinsumEquation {
  std::vector<std::int64_t> sizes;                   ///< of each index
  std::size_t outputIndices = 0;                     ///< how many of them the output has
  std::vector<std::vector<std::int64_t>> strides;    ///< by operand, by index: step in elements, 0 where it does not appear

  Shape output() const { return Shape(std::vector<std::int64_t>(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(outputIndices))); }

  /// Throws Error(invalidInput) where the equation is no equation or does not fit.
  EinsumEquation(const std::string& text, const std::vector<Shape>& shapes) {
    std::string equation;
    for (const char c : text)
      if (c != ' ') equation += c;
    const std::size_t arrow = equation.find("->");
    std::vector<std::string> terms{""};
    for (const char c : equation.substr(0, arrow)) {
      if (c == ',') terms.emplace_back();
      else terms.back() += c;
    }
    if (terms.size() != shapes.size()) refuse("an equation of " + std::to_string(shapes.size()) + " terms", "'" + printable(text) + "'");
    std::vector<std::vector<int>> labels;
    for (std::size_t i = 0; i < terms.size(); ++i) labels.push_back(labelsOf(terms[i], &shapes[i], text));
    std::map<int, std::int64_t> extents;
    for (std::size_t i = 0; i < terms.size(); ++i) measure(labels[i], shapes[i], extents);
    const std::vector<int> kept = arrow == std::string::npos ? implied(labels) : labelsOf(equation.substr(arrow + 2), nullptr, text);
    number(kept, extents, text);
    for (std::size_t i = 0; i < terms.size(); ++i) step(labels[i], shapes[i]);
  }

 private:
  /// Axes that an ellipsis stands for are -1 (the last), -2, ...; letters are themselves.
  std::vector<int> labelsOf(const std::string& term, const Shape* shape, const std::string& text) {
    std::vector<int> labels;
    std::size_t ellipsis = std::string::npos;
    for (std::size_t i = 0; i < term.size(); ++i) {
      const char c = term[i];
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        labels.push_back(c);
      } else if (term.compare(i, 3, "...") == 0 && ellipsis == std::string::npos) {
        ellipsis = labels.size();
        i += 2;
      } else {
        refuse("letters, ',', '...' and '->' in the equation", "'" + printable(text) + "'");
      }
    }
    const int letters = static_cast<int>(labels.size());
    if (shape && (shape->rank() < letters || (ellipsis == std::string::npos && shape->rank() != letters)))
      refuse("an operand of rank " + std::to_string(letters) + " for '" + printable(term) + "'", shape->text());
    const int hidden = ellipsis == std::string::npos ? 0 : shape ? shape->rank() - letters : m_hidden;
    if (shape) m_hidden = std::max(m_hidden, hidden);
    for (int i = 1; i <= hidden; ++i) labels.insert(labels.begin() + static_cast<std::ptrdiff_t>(ellipsis), -i);
    return labels;
  }

  static void measure(const std::vector<int>& labels, const Shape& shape, std::map<int, std::int64_t>& extents) {
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      const std::int64_t size = shape[static_cast<int>(axis)];
      const auto [found, fresh] = extents.emplace(labels[axis], size);
      if (fresh || found->second == size || size == 1) continue;
      if (found->second != 1) refuse("one size for each index, " + std::to_string(found->second) + " here", shape.text());
      found->second = size;
    }
  }

  /// Without an arrow: what an ellipsis stands for, then every letter that appears once, by alphabet.
  std::vector<int> implied(const std::vector<std::vector<int>>& labels) const {
    std::map<int, int> counts;
    for (const auto& term : labels)
      for (const int label : term) ++counts[label];
    std::vector<int> kept;
    for (int i = m_hidden; i >= 1; --i) kept.push_back(-i);
    for (const auto& [label, count] : counts)
      if (label > 0 && count == 1) kept.push_back(label);
    return kept;
  }

  void number(const std::vector<int>& kept, const std::map<int, std::int64_t>& extents, const std::string& text) {
    for (const int label : kept) {
      const auto found = extents.find(label);
      if (found == extents.end() || !m_numbers.emplace(label, sizes.size()).second)
        refuse("an output of indices that the operands have, each once", "'" + printable(text) + "'");
      sizes.push_back(found->second);
    }
    outputIndices = sizes.size();
    for (const auto& [label, size] : extents)
      if (m_numbers.emplace(label, sizes.size()).second) sizes.push_back(size);
  }

  void step(const std::vector<int>& labels, const Shape& shape) {
    std::vector<std::int64_t> steps(sizes.size(), 0);
    const auto own = shape.strides();
    for (std::size_t axis = 0; axis < labels.size(); ++axis)
      if (shape[static_cast<int>(axis)] != 1) steps[m_numbers.at(labels[axis])] += own[axis];
    strides.push_back(std::move(steps));
  }

  int m_hidden = 0;
  std::map<int, std::size_t> m_numbers;
};

}  // namespace planish::operations
