#pragma once

#include "views/base/workspace.h"

#include <QString>

#include <vector>

namespace planish::views {

/// What people type to pick layers. Terms parted by spaces (or &) must all hold; `!` in front of a term turns it round:
///   conv2          the name holds it, or it is the kind of the layer
///   *.conv?        the whole name; * is any text, ? one character. "quoted" names are taken as they are
///   type:depthwise,linear   block:features.7   setting:int4*    (commas: any of them; * and ? as above)
///   layer:3..9     by position, counted from 1
///   size>10000     bytes under the plan; weights, rows, columns, bits, sparsity, damage, work likewise, with > >= < <= =
///   is:locked      also unmeasured, selected, keep, changed (other than the solver's)
///   worst:10       of what the other terms leave, the ten with the largest damage; also best:, largest:, smallest:, and percents
/// There are no regular expressions: matching takes time in proportion to pattern and names, whatever is typed.
class LayerPattern {
 public:
  explicit LayerPattern(const QString& text);

  /// No terms: every layer matches.
  bool empty() const { return m_terms.empty() && m_problem.isEmpty(); }
  bool valid() const { return m_problem.isEmpty(); }
  /// What is wrong with the text, and what would be right; empty if nothing is.
  const QString& problem() const { return m_problem; }
  /// Character of the text that the problem is about, from 0.
  int problemAt() const { return m_problemAt; }

  /// Ascending positions of layers; none if the pattern is not valid.
  std::vector<int> matching(const Workspace& workspace) const;

  /// The language in a few lines, for tool tips.
  static QString help();

 private:
  enum class Field { name, type, block, setting, position, size, weights, rows, columns, bits, sparsity, damage, work, state, worst, best, largest, smallest };
  enum class Comparison { more, atLeast, less, atMost, equal };
  struct Term {
    Field field = Field::name;
    bool negated = false, contains = false;  ///< contains: a part of the name is enough
    std::vector<QString> globs;              ///< lower case
    Comparison comparison = Comparison::equal;
    double number = 0, last = 0;             ///< last: of positions
    bool percent = false;
  };
  class Parser;

  static bool ranks(Field field) { return field >= Field::worst; }
  static double numberOf(const Workspace& workspace, int layer, Field field);
  static bool matches(const Workspace& workspace, int layer, const Term& term);
  static void keepBest(const Workspace& workspace, const Term& term, std::vector<int>& layers);

  std::vector<Term> m_terms;
  QString m_problem;
  int m_problemAt = 0;
};

/// Whether a text is of the form of a pattern with * and ?; both in one case. Linear in time but for a factor of the pattern's length.
bool globMatches(const QString& glob, const QString& text);

}  // namespace planish::views
