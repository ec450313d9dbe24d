#include "views/plan/plan_text.h"

#include "views/base/numbers.h"
#include "views/plan/level_scale.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

QString say(const char* text) { return QCoreApplication::translate("PlanText", text); }
QString say(const char* text, int count) { return QCoreApplication::translate("PlanText", text, nullptr, count); }

/// Sum of the cells of some layers; count 0 where one of them is not measured.
Estimate damageSum(const Workspace& workspace, const std::vector<std::pair<int, Setting>>& settings, bool& whole) {
  Estimate sum;
  double variance = 0;
  whole = true;
  for (const auto& [layer, setting] : settings) {
    const MenuItem* item = menuItem(workspace, layer, setting);
    if (!item || !item->damage) {
      whole = false;
      continue;
    }
    sum.mean += item->damage->mean;
    variance += item->damage->standardError * item->damage->standardError;
    sum.count = std::max(sum.count, item->damage->count);
  }
  sum.standardError = std::sqrt(variance);
  return sum;
}

QString dragHint(const PlanDrag& drag) {
  if (drag.movedCount() > 1) return say("Alt: only this bar · Esc: take back");
  return say("Esc: take back");
}

}  // namespace

QString damageName(const Workspace& workspace) { return workspace.metric.empty() ? say("damage") : QStringLiteral("Δ") + scoreName(workspace.metric); }

QString damageUnit(const Workspace& workspace) {
  if (const SensitivityTable* table = workspace.table()) return plainName(table->unit, 20);
  return scoreUnit(workspace.metric) == QLatin1String("%") ? QString() : scoreUnit(workspace.metric);
}

QString damageChange(double before, const Estimate& after, const QString& unit) {
  const double size = std::max({std::abs(before), std::abs(after.mean), after.standardError});
  double factor = 1;
  QString name = unit;
  if (unit == QLatin1String("nats") && size > 0 && size < 0.01) {
    factor = size < 1e-5 ? 1e6 : 1e3;
    name = size < 1e-5 ? QStringLiteral("µnat") : QStringLiteral("mnat");
  }
  const Estimate scaled{after.mean * factor, after.standardError * factor, after.count};
  return numberText(before * factor, 3) + QStringLiteral(" → ") + estimateText(scaled, name);
}

QString signedBytes(std::int64_t bytes) {
  if (bytes == 0) return QStringLiteral("±0 B");
  return (bytes > 0 ? QStringLiteral("+") : QString()) + bytesText(Bytes{bytes});
}

QString settingText(const Setting& setting) { return QString::fromStdString(toText(setting)); }

Consequence consequenceOf(const Workspace& workspace, const PlanDrag& drag) {
  Consequence lines;
  const int count = drag.movedCount();
  const Layer& layer = workspace.network->layers.items.at(static_cast<std::size_t>(drag.anchor()));
  const QString change = settingText(drag.anchorStart()) + QStringLiteral(" → ") + settingText(drag.anchorNow());
  lines.title = plainName(layer.name, 60) + QStringLiteral("  ") + (drag.anchorNow() == drag.anchorStart() ? settingText(drag.anchorStart()) : change);
  if (count > 1) lines.title += say("  and %n more", count - 1);
  const auto starts = drag.starts(), settings = drag.settings();
  const PlanTotals before = totalsWith(workspace, starts), after = totalsWith(workspace, settings);
  bool known = true, known2 = true;
  const Estimate was = damageSum(workspace, starts, known), becomes = damageSum(workspace, settings, known2);
  lines.numbers = signedBytes(after.bytes.count - before.bytes.count) + QStringLiteral("   ") + damageName(workspace) + QLatin1Char(' ') +
                  (known && known2 ? damageChange(was.mean, becomes, damageUnit(workspace)) : say("not measured"));
  lines.totals = say("then %1 · %2 bits").arg(bytesText(after.bytes), QString::number(after.bitsPerWeight, 'f', 2)) + QStringLiteral(" · ") + damageName(workspace) +
                 QLatin1Char(' ') + estimateText(after.predicted);
  if (drag.refused()) lines.refusal = settingText(drag.refused()->setting) + QStringLiteral(": ") + drag.refused()->refusal;
  lines.hint = dragHint(drag);
  return lines;
}

Consequence consequenceOfBudget(const Workspace& workspace, const Budget& budget, double bits, std::int64_t bytes) {
  Consequence lines;
  lines.title = say("budget %1 bits").arg(QString::number(bits, 'f', 2));
  lines.numbers = bytesText(Bytes{bytes});
  if (budget.kind == Budget::Kind::percent) lines.numbers += QStringLiteral(" · ") + numberText(budget.value, 4) + QStringLiteral(" %");
  lines.totals = say("plan %1 · %2 %3").arg(bytesText(workspace.totals.bytes), damageName(workspace), estimateText(workspace.totals.predicted, damageUnit(workspace)));
  lines.hint = say("the layers that are not locked are solved anew · Esc: take back");
  return lines;
}

QString toolTipOf(const Workspace& workspace, int layer, const Plan* compared, const QString& comparedName) {
  const auto at = static_cast<std::size_t>(layer);
  const Layer& shape = workspace.network->layers.items.at(at);
  const PlannedLayer& planned = workspace.plan.layers.at(at);
  const MenuItem* item = menuItem(workspace, layer, planned.setting);
  QStringList lines;
  lines << QStringLiteral("%1. %2").arg(layer + 1).arg(plainName(shape.name));
  lines << say("%1 · %2 · %3 weights").arg(settingText(planned.setting), bytesText((item ? item->bits : planned.bits).bytes()), countText(shape.weightCount()));
  if (item && item->damage)
    lines << damageName(workspace) + QLatin1Char(' ') + (planned.setting.isKeep() ? say("0: as in the original") : estimateText(*item->damage, damageUnit(workspace), true));
  else
    lines << say("%1 not measured").arg(damageName(workspace));
  if (item && !item->legal()) lines << say("not possible: %1").arg(item->refusal);
  if (!planned.provenance.empty()) lines << say("set by: %1").arg(plainName(planned.provenance, 40));
  if (planned.locked) lines << say("locked: the solver leaves it as it is");
  if (compared && at < compared->layers.size() && !(compared->layers[at].setting == planned.setting))
    lines << QStringLiteral("%1: %2").arg(comparedName, settingText(compared->layers[at].setting));
  return lines.join(QLatin1Char('\n'));
}

ChartTable planTable(const Workspace& workspace, const Plan* compared, const QString& comparedName) {
  ChartTable table;
  const QString unit = damageUnit(workspace), damage = damageName(workspace) + (unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(unit));
  table.columns = {say("layer"), say("kind"), say("weights"), say("setting"), say("bits"), say("bytes"), damage, say("standard error"), say("n"), say("set by"), say("locked")};
  if (compared) table.columns.push_back(comparedName);
  for (std::size_t i = 0; i < workspace.plan.layers.size() && i < static_cast<std::size_t>(workspace.layerCount()); ++i) {
    const Layer& layer = workspace.network->layers.items[i];
    const PlannedLayer& planned = workspace.plan.layers[i];
    const MenuItem* item = menuItem(workspace, static_cast<int>(i), planned.setting);
    const bool known = item && item->damage;
    std::vector<QVariant> row = {plainName(layer.name, 1000), plainName(layer.kind), static_cast<qlonglong>(layer.weightCount()), settingText(planned.setting),
                                 codeBits(workspace, static_cast<int>(i), planned.setting), static_cast<qlonglong>((item ? item->bits : planned.bits).bytes().count),
                                 known ? QVariant(item->damage->mean) : QVariant(), known ? QVariant(item->damage->standardError) : QVariant(),
                                 known ? QVariant(static_cast<qlonglong>(item->damage->count)) : QVariant(), plainName(planned.provenance), planned.locked ? say("yes") : QString()};
    if (compared) row.push_back(i < compared->layers.size() ? settingText(compared->layers[i].setting) : QString());
    table.rows.push_back(std::move(row));
  }
  return table;
}

QString planSummary(const Workspace& workspace) {
  int locked = 0;
  for (const auto& layer : workspace.plan.layers) locked += layer.locked ? 1 : 0;
  return say("Settings of %1 layers, %2 of them locked, %3 selected. %4, %5 bits per weight, predicted %6 %7.")
      .arg(workspace.plan.layers.size()).arg(locked).arg(workspace.selection.size()).arg(bytesText(workspace.totals.bytes),
           QString::number(workspace.totals.bitsPerWeight, 'f', 2), damageName(workspace), estimateText(workspace.totals.predicted, damageUnit(workspace)));
}

}  // namespace planish::views
