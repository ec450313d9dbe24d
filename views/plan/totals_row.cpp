#include "views/plan/totals_row.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/plan/plan_text.h"

#include <QEvent>
#include <QLabel>
#include <QPainter>

#include <algorithm>

namespace planish::views {
namespace {

enum { kSize, kBits, kPredicted, kMeasured, kWork, kCount };
/// Shares of the width, and the order in which columns give way.
constexpr std::array<int, kCount> kWeights = {4, 2, 6, 6, 2};
constexpr std::array<int, kCount> kLeast = {112, 92, 160, 104, 92};
constexpr std::array<int, kCount> kGiveWay = {kWork, kMeasured, kBits, kPredicted, kSize};

QLabel* makeLabel(QWidget* parent, const QFont& font, QPalette::ColorRole role) {
  auto* label = new QLabel(parent);
  label->setTextFormat(Qt::PlainText);
  label->setFont(font);
  label->setForegroundRole(role);
  return label;
}

}  // namespace

TotalsRow::TotalsRow(const Workspace& workspace, QWidget* parent) : QWidget(parent), m_workspace(workspace) {
  for (Column& column : m_columns)
    column = {makeLabel(this, labelFont(), QPalette::PlaceholderText), makeLabel(this, labelFont(), QPalette::PlaceholderText), makeLabel(this, valueFont(), QPalette::WindowText)};
  setFixedHeight(m_columns[0].caption->fontMetrics().height() + m_columns[0].value->fontMetrics().height() + 2 + space::k8);
  setAccessibleName(tr("Totals of the plan"));
}

QString TotalsRow::caption(int column) const {
  const Column& c = m_columns[static_cast<std::size_t>(column)];
  const QString& note = m_notes[static_cast<std::size_t>(column)];
  return note.isEmpty() ? c.caption->text() : c.caption->text() + QStringLiteral(" · ") + note;
}
QString TotalsRow::value(int column) const { return m_values[static_cast<std::size_t>(column)]; }

void TotalsRow::put(int column, const QString& caption, const QString& note, const QString& value, bool warning) {
  Column& c = m_columns[static_cast<std::size_t>(column)];
  c.caption->setText(caption);
  m_notes[static_cast<std::size_t>(column)] = note;
  m_values[static_cast<std::size_t>(column)] = value;
  c.value->setAccessibleName(caption + QLatin1Char(' ') + note);
  QPalette colours = palette();
  colours.setColor(QPalette::PlaceholderText, warning ? Theme::of(this).limit : Theme::of(this).label);
  c.note->setPalette(colours);
}

void TotalsRow::refresh() {
  const PlanTotals& totals = m_workspace.totals;
  const bool any = m_workspace.network && !m_workspace.plan.layers.empty();
  const QString none = QStringLiteral("–");
  putSize();
  put(kBits, tr("Bits per weight"), {}, any ? QString::number(totals.bitsPerWeight, 'f', 2) : none);
  putPredicted();
  putMeasured();
  put(kWork, tr("Work"), {}, totals.operations > 0 ? tr("%1 MAC").arg(countText(totals.operations)) : none);
  QStringList lines;
  for (int i = 0; i < kCount; ++i) lines << caption(i) + QStringLiteral(": ") + value(i);
  setToolTip(lines.join(QLatin1Char('\n')));
  setAccessibleDescription(lines.join(QStringLiteral("; ")));
  place();
}

void TotalsRow::putSize() {
  std::int64_t whole = 0;
  for (std::size_t i = 0; i < m_workspace.menus.size() && i < m_workspace.plan.layers.size(); ++i)
    if (const MenuItem* keep = menuItem(m_workspace, static_cast<int>(i), Setting{}); keep && m_workspace.plan.layers[i].bits.count > 0) whole += keep->bits.bytes().count;
  const std::int64_t size = m_workspace.totals.bytes.count;
  const bool over = m_workspace.budgetBytes && size > m_workspace.budgetBytes->count;
  QString note;
  if (over) note = tr("%1 over").arg(bytesText(Bytes{size - m_workspace.budgetBytes->count}));
  else if (whole > 0) note = tr("%1 %").arg(numberText(100.0 * static_cast<double>(size) / static_cast<double>(whole), 3));
  put(kSize, tr("Size"), note, m_workspace.network ? bytesText(m_workspace.totals.bytes) : QStringLiteral("–"), over);
  m_columns[kSize].note->setToolTip(over ? tr("more than the budget allows") : tr("of the layers' bytes in the original"));
}

void TotalsRow::putPredicted() {
  const PlanTotals& totals = m_workspace.totals;
  const bool any = m_workspace.network && totals.unmeasured < m_workspace.layerCount();
  const QString note = totals.unmeasured > 0 && m_workspace.network ? tr("%1 not measured").arg(totals.unmeasured) : QString();
  put(kPredicted, tr("Predicted %1").arg(damageName(m_workspace)), note, any ? estimateText(totals.predicted, damageUnit(m_workspace)) : QStringLiteral("–"), totals.unmeasured > 0 && m_workspace.network);
}

void TotalsRow::putMeasured() {
  const CompressionResult* result = m_workspace.network ? m_workspace.project.result(m_workspace.plan.name) : nullptr;
  std::string score = "top1";
  if (result && !result->after.contains(score) && !result->after.empty()) score = result->after.begin()->first;
  const QString name = tr("Measured %1").arg(scoreName(score));
  if (!result || !result->after.contains(score)) return put(kMeasured, name, {}, QStringLiteral("–"));
  bool same = result->layers.size() == m_workspace.plan.layers.size();
  for (std::size_t i = 0; same && i < result->layers.size(); ++i) {
    const PlannedLayer* planned = i < m_workspace.plan.layers.size() && m_workspace.plan.layers[i].layer == result->layers[i].layer
                                      ? &m_workspace.plan.layers[i]
                                      : m_workspace.plan.find(result->layers[i].layer);
    same = planned && planned->setting == result->layers[i].setting;
  }
  put(kMeasured, name, same ? QString() : tr("older plan"), scoreText(score, result->after.at(score)), !same);
}

void TotalsRow::place() {
  std::array<bool, kCount> shown;
  shown.fill(true);
  const auto needed = [&] {
    int sum = 0;
    for (int i = 0; i < kCount; ++i) sum += shown[static_cast<std::size_t>(i)] ? kLeast[static_cast<std::size_t>(i)] : 0;
    return sum;
  };
  for (const int column : kGiveWay)
    if (needed() > width() && needed() > kLeast[static_cast<std::size_t>(column)]) shown[static_cast<std::size_t>(column)] = false;
  int weights = 0;
  for (int i = 0; i < kCount; ++i) weights += shown[static_cast<std::size_t>(i)] ? kWeights[static_cast<std::size_t>(i)] : 0;
  const int spare = std::max(0, width() - needed());
  int x = 0;
  for (int i = 0; i < kCount; ++i) {
    const auto at = static_cast<std::size_t>(i);
    Column& c = m_columns[at];
    for (QLabel* label : {c.caption, c.note, c.value}) label->setVisible(shown[at]);
    if (!shown[at]) continue;
    const int wide = kLeast[at] + spare * kWeights[at] / weights, text = wide - space::k12;
    const int captionHeight = c.caption->fontMetrics().height(), captionWidth = std::min(c.caption->fontMetrics().horizontalAdvance(c.caption->text()) + 2, text);
    c.caption->setGeometry(x, space::k8, captionWidth, captionHeight);
    const int noteWidth = std::max(0, text - captionWidth - space::k4);
    c.note->setText(c.note->fontMetrics().elidedText(m_notes[at], Qt::ElideRight, noteWidth));
    c.note->setGeometry(x + captionWidth + space::k4, space::k8, noteWidth, captionHeight);
    // Where the unit does not fit, the number alone is better than a cut unit.
    const bool fits = c.value->fontMetrics().horizontalAdvance(m_values[at]) <= text;
    c.value->setText(fits ? m_values[at] : m_values[at].left(m_values[at].lastIndexOf(u' ')));
    c.value->setGeometry(x, space::k8 + captionHeight + 2, text, c.value->fontMetrics().height());
    x += wide;
  }
}

void TotalsRow::resizeEvent(QResizeEvent*) { place(); }

void TotalsRow::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(Theme::of(this).line);
  painter.drawLine(0, 0, width(), 0);
}

void TotalsRow::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) refresh();
}

}  // namespace planish::views
