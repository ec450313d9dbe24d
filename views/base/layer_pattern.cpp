#include "views/base/layer_pattern.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace planish::views {
namespace {

constexpr int kLongestPattern = 500;

QString say(const char* text) { return QCoreApplication::translate("LayerPattern", text); }

bool isComparison(QChar c) { return c == u'<' || c == u'>' || c == u'='; }

/// "10", "1e-3", "10k", "1.5M", "4KiB"
std::optional<double> parseNumber(QString text) {
  static constexpr std::array<std::pair<const char*, double>, 7> kSuffixes = {{{"kib", 1024.0}, {"mib", 1024.0 * 1024}, {"gib", 1024.0 * 1024 * 1024},
                                                                              {"kb", 1e3}, {"mb", 1e6}, {"k", 1e3}, {"m", 1e6}}};
  double factor = 1;
  text = text.toLower();
  for (const auto& [suffix, value] : kSuffixes)
    if (text.endsWith(QLatin1String(suffix))) {
      text.chop(static_cast<int>(qstrlen(suffix)));
      factor = value;
      break;
    }
  bool fine = false;
  const double number = text.replace(u',', u'.').toDouble(&fine);
  return fine && std::isfinite(number) ? std::optional(number * factor) : std::nullopt;
}

}  // namespace

bool globMatches(const QString& glob, const QString& text) {
  qsizetype g = 0, t = 0, star = -1, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == u'*') {
      star = g++;
      mark = t;
    } else if (g < glob.size() && (glob[g] == u'?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star >= 0) {
      g = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == u'*') ++g;
  return g == glob.size();
}

class LayerPattern::Parser {
 public:
  Parser(const QString& text, LayerPattern& into) : m_text(text), m_into(into) {}

  void run() {
    if (m_text.size() > kLongestPattern) return fail(say("a pattern has at most %1 characters").arg(kLongestPattern), kLongestPattern);
    while (m_into.m_problem.isEmpty()) {
      while (m_at < m_text.size() && (m_text[m_at].isSpace() || m_text[m_at] == u'&')) ++m_at;
      if (m_at >= m_text.size()) return;
      readTerm();
    }
  }

 private:
  struct Key {
    const char* word;
    Field field;
  };

  void fail(const QString& problem, qsizetype at) {
    m_into.m_problem = problem;
    m_into.m_problemAt = static_cast<int>(std::min(at, m_text.size()));
  }

  void readTerm() {
    Term term;
    if (m_text[m_at] == u'!') {
      term.negated = true;
      ++m_at;
    }
    const qsizetype from = m_at;
    if (m_at < m_text.size() && m_text[m_at] == u'"') return readQuoted(term);
    while (m_at < m_text.size() && !m_text[m_at].isSpace() && m_text[m_at] != u'&' && !isComparison(m_text[m_at])) ++m_at;
    const QString word = m_text.mid(from, m_at - from).toLower();
    qsizetype next = m_at;
    while (next < m_text.size() && m_text[next].isSpace()) ++next;
    if (next < m_text.size() && isComparison(m_text[next])) {
      m_at = next;
      return readComparison(term, word, from);
    }
    if (word.isEmpty()) return fail(say("a term is missing after “!”"), from);
    const qsizetype colon = word.indexOf(u':');
    const bool plainKey = colon > 0 && word.mid(colon, 2) != QLatin1String("::") && std::all_of(word.begin(), word.begin() + colon, [](QChar c) { return c.isLetter(); });
    if (plainKey) return readField(term, word.left(colon), word.mid(colon + 1), from);
    readName(term, word, from);
  }

  void readQuoted(Term& term) {
    const qsizetype end = m_text.indexOf(u'"', m_at + 1);
    if (end < 0) return fail(say("the closing quotation mark is missing"), m_at);
    term.contains = true;
    term.globs = {m_text.mid(m_at + 1, end - m_at - 1).toLower()};
    m_into.m_terms.push_back(term);
    m_at = end + 1;
  }

  void readName(Term& term, const QString& word, qsizetype from) {
    static const QString kExpressions = QStringLiteral("()[]{}|^$\\+");
    for (qsizetype i = 0; i < word.size(); ++i)
      if (kExpressions.contains(word[i]))
        return fail(say("“%1” has no meaning here: * is any text, ? one character; put such a name in quotes").arg(word[i]), from + i);
    term.contains = !word.contains(u'*') && !word.contains(u'?');
    term.globs = {word};
    m_into.m_terms.push_back(term);
  }

  void readField(Term& term, const QString& key, const QString& value, qsizetype from) {
    static constexpr std::array<Key, 11> kKeys = {{{"type", Field::type}, {"kind", Field::type}, {"block", Field::block}, {"setting", Field::setting},
                                                   {"layer", Field::position}, {"is", Field::state}, {"name", Field::name}, {"worst", Field::worst},
                                                   {"best", Field::best}, {"largest", Field::largest}, {"smallest", Field::smallest}}};
    const auto* found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return key == QLatin1String(k.word); });
    if (found == kKeys.end())
      return fail(say("“%1:” is not known; there are type, block, setting, layer, is, name, worst, best, largest, smallest").arg(key), from);
    term.field = found->field;
    const qsizetype at = from + key.size() + 1;
    if (value.isEmpty()) return fail(say("a value is missing after “%1:”").arg(key), at);
    if (ranks(term.field)) return readCount(term, key, value, at);
    if (term.field == Field::position) return readPositions(term, value, at);
    for (const QString& part : value.split(u',', Qt::SkipEmptyParts)) term.globs.push_back(part);
    static const QStringList kStates = {QStringLiteral("locked"), QStringLiteral("unmeasured"), QStringLiteral("selected"), QStringLiteral("keep"), QStringLiteral("changed")};
    if (term.field == Field::state)
      for (const QString& state : term.globs)
        if (!kStates.contains(state)) return fail(say("“is:%1” is not known; there are %2").arg(state, kStates.join(QLatin1String(", "))), at);
    m_into.m_terms.push_back(term);
  }

  void readCount(Term& term, const QString& key, QString value, qsizetype at) {
    term.percent = value.endsWith(u'%');
    if (term.percent) value.chop(1);
    const auto number = parseNumber(value);
    if (!number || *number <= 0) return fail(say("“%1:” takes a number of layers, or a percentage: %1:10, %1:5%").arg(key), at);
    term.number = *number;
    m_into.m_terms.push_back(term);
  }

  void readPositions(Term& term, const QString& value, qsizetype at) {
    const qsizetype dots = value.indexOf(QLatin1String(".."));
    const auto first = parseNumber(dots < 0 ? value : value.left(dots)), last = dots < 0 ? first : parseNumber(value.mid(dots + 2));
    if (!first || !last || *first > *last) return fail(say("“layer:” takes a position or a range: layer:7, layer:3..9"), at);
    term.number = *first;
    term.last = *last;
    m_into.m_terms.push_back(term);
  }

  void readComparison(Term& term, const QString& word, qsizetype from) {
    static constexpr std::array<Key, 10> kKeys = {{{"size", Field::size}, {"bytes", Field::size}, {"weights", Field::weights}, {"rows", Field::rows},
                                                  {"columns", Field::columns}, {"bits", Field::bits}, {"sparsity", Field::sparsity},
                                                  {"damage", Field::damage}, {"work", Field::work}, {"layer", Field::position}}};
    const auto* found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return word == QLatin1String(k.word); });
    if (found == kKeys.end())
      return fail(say("“%1” cannot be compared; there are size, weights, rows, columns, bits, sparsity, damage, work, layer").arg(word), from);
    const QChar first = m_text[m_at++];
    const bool equal = m_at < m_text.size() && m_text[m_at] == u'=';
    if (equal) ++m_at;
    term.comparison = first == u'=' ? Comparison::equal : first == u'>' ? (equal ? Comparison::atLeast : Comparison::more) : equal ? Comparison::atMost : Comparison::less;
    while (m_at < m_text.size() && m_text[m_at].isSpace()) ++m_at;
    const qsizetype begin = m_at;
    while (m_at < m_text.size() && !m_text[m_at].isSpace() && m_text[m_at] != u'&') ++m_at;
    const auto number = parseNumber(m_text.mid(begin, m_at - begin));
    if (!number) return fail(say("a number is missing after “%1%2”").arg(word, m_text.mid(from, begin - from).trimmed().mid(word.size()).trimmed()), begin);
    term.field = found->field;
    term.number = *number;
    m_into.m_terms.push_back(term);
  }

  const QString& m_text;
  LayerPattern& m_into;
  qsizetype m_at = 0;
};

LayerPattern::LayerPattern(const QString& text) {
  Parser(text, *this).run();
  if (!m_problem.isEmpty()) m_terms.clear();
}

double LayerPattern::numberOf(const Workspace& workspace, int layer, Field field) {
  const auto at = static_cast<std::size_t>(layer);
  const Layer& shape = workspace.network->layers.items[at];
  const PlannedLayer* planned = at < workspace.plan.layers.size() ? &workspace.plan.layers[at] : nullptr;
  const auto planSize = [&] {
    const MenuItem* item = planned ? menuItem(workspace, layer, planned->setting) : nullptr;
    return static_cast<double>(item ? item->bits.bytes().count : planned ? planned->bits.bytes().count : 0);
  };
  switch (field) {
    case Field::position: return layer + 1;
    case Field::size:
    case Field::largest:
    case Field::smallest: return planSize();
    case Field::weights: return static_cast<double>(shape.weightCount());
    case Field::rows: return static_cast<double>(shape.rows());
    case Field::columns: return static_cast<double>(shape.columns());
    case Field::bits: return planned ? planned->setting.bitsPerCode() : std::nan("");
    case Field::sparsity: return planned ? planned->setting.sparsity.percent : 0;
    case Field::work: return at < workspace.layerOperations.size() ? static_cast<double>(workspace.layerOperations[at]) : std::nan("");
    default: return planned ? damageOf(workspace, layer, planned->setting) : std::nan("");
  }
}

bool LayerPattern::matches(const Workspace& workspace, int layer, const Term& term) {
  const auto at = static_cast<std::size_t>(layer);
  const Layer& shape = workspace.network->layers.items[at];
  const PlannedLayer* planned = at < workspace.plan.layers.size() ? &workspace.plan.layers[at] : nullptr;
  const auto any = [&](const std::string& text) {
    const QString lower = QString::fromStdString(text).toLower();
    return std::any_of(term.globs.begin(), term.globs.end(), [&](const QString& glob) { return globMatches(glob, lower); });
  };
  switch (term.field) {
    case Field::name:
      if (!term.contains) return any(shape.name);
      return QString::fromStdString(shape.name).toLower().contains(term.globs.front()) || any(shape.kind);
    case Field::type: return any(shape.kind);
    case Field::block: return any(shape.block);
    case Field::setting: return planned && any(toText(planned->setting));
    case Field::state:
      return std::any_of(term.globs.begin(), term.globs.end(), [&](const QString& state) {
        if (state == QLatin1String("selected")) return workspace.selected(layer);
        if (!planned) return false;
        if (state == QLatin1String("locked")) return planned->locked;
        if (state == QLatin1String("keep")) return planned->setting.isKeep();
        if (state == QLatin1String("unmeasured")) return std::isnan(damageOf(workspace, layer, planned->setting));
        return workspace.ghost && at < workspace.ghost->layers.size() && !(workspace.ghost->layers[at].setting == planned->setting);
      });
    default: break;
  }
  const double value = numberOf(workspace, layer, term.field);
  if (std::isnan(value)) return false;
  if (term.last > 0) return value >= term.number && value <= term.last;
  switch (term.comparison) {
    case Comparison::more: return value > term.number;
    case Comparison::atLeast: return value >= term.number;
    case Comparison::less: return value < term.number;
    case Comparison::atMost: return value <= term.number;
    case Comparison::equal: return value == term.number;
  }
  return false;
}

void LayerPattern::keepBest(const Workspace& workspace, const Term& term, std::vector<int>& layers) {
  const bool rising = term.field == Field::best || term.field == Field::smallest;
  std::vector<std::pair<double, int>> ranked;
  for (const int layer : layers)
    if (const double value = numberOf(workspace, layer, term.field); !std::isnan(value)) ranked.emplace_back(rising ? value : -value, layer);
  const double wanted = term.percent ? std::ceil(static_cast<double>(ranked.size()) * term.number / 100) : term.number;
  const auto count = static_cast<std::size_t>(std::min(wanted, static_cast<double>(ranked.size())));
  std::sort(ranked.begin(), ranked.end());
  std::vector<int> best;
  for (std::size_t i = 0; i < count; ++i) best.push_back(ranked[i].second);
  std::sort(best.begin(), best.end());
  if (!term.negated) {
    layers = std::move(best);
    return;
  }
  std::vector<int> rest;
  std::set_difference(layers.begin(), layers.end(), best.begin(), best.end(), std::back_inserter(rest));
  layers = std::move(rest);
}

std::vector<int> LayerPattern::matching(const Workspace& workspace) const {
  std::vector<int> layers;
  if (!valid()) return layers;
  for (int layer = 0; layer < workspace.layerCount(); ++layer)
    if (std::all_of(m_terms.begin(), m_terms.end(), [&](const Term& term) { return ranks(term.field) || matches(workspace, layer, term) != term.negated; }))
      layers.push_back(layer);
  for (const Term& term : m_terms)
    if (ranks(term.field)) keepBest(workspace, term, layers);
  return layers;
}

QString LayerPattern::help() {
  return say("*.conv2  names; * is any text, ? one character\n"
             "type:depthwise   block:features.7   setting:int4*   layer:3..9\n"
             "size>10000   weights   bits<=4   sparsity   damage>0.01   work\n"
             "is:locked   is:unmeasured   is:changed   is:keep\n"
             "worst:10   best:   largest:5%   smallest:\n"
             "Terms parted by spaces must all hold; ! turns one round.");
}

}  // namespace planish::views
