#include "views/report/report_html.h"

#include "views/base/numbers.h"
#include "views/report/report_charts.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QStringList>

#include <algorithm>
#include <filesystem>

namespace planish::views {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Report", text); }

/// Names of files and layers: control characters made visible, markup literal.
QString safe(const std::string& name, int limit = 400) { return plainName(name, limit).toHtmlEscaped(); }

QString row(const QStringList& cells, const char* tag = "td") {
  QString text = QStringLiteral("<tr>");
  for (const auto& cell : cells) text += QStringLiteral("<%1>%2</%1>").arg(QLatin1String(tag), cell);
  return text + QStringLiteral("</tr>\n");
}

/// `cells` are HTML already.
QString table(const QStringList& head, const QStringList& rows) {
  return QStringLiteral("<table>\n") + (head.isEmpty() ? QString() : row(head, "th")) + rows.join(QString()) + QStringLiteral("</table>\n");
}

QString heading(const QString& text) { return QStringLiteral("<h2>%1</h2>\n").arg(text.toHtmlEscaped()); }

/// What a file is, and below it what proves that it is the same one.
QString fileRow(const QString& role, const QString& what, const std::string& fingerprint) {
  return row({role, what + QStringLiteral("<br><code>SHA-256 %1</code>").arg(safe(fingerprint))});
}

QString dataRow(const QString& role, const DataReference& data) {
  return fileRow(role, safe(std::filesystem::path(data.path).filename().string()) + (data.x.empty() ? QString() : QStringLiteral(" · ") + safe(data.x)) + QStringLiteral(" · ") + tr("%1 samples").arg(data.count),
                 data.fingerprint);
}

/// Graphs are often called "main_graph" by the program that wrote them: the file says more.
std::string titleOf(const NetworkReference& network) {
  const std::string stem = std::filesystem::path(network.path).stem().string();
  return stem.empty() ? network.name : stem;
}

QString aboutText(const Workspace& w) {
  const auto& network = w.network ? w.network->reference : w.project.network;
  QStringList rows;
  rows << fileRow(tr("Network"), tr("%1 · %2, %3 layers").arg(safe(std::filesystem::path(network.path).filename().string()), safe(network.format), QString::number(w.layerCount())), network.fingerprint);
  if (w.project.data) rows << dataRow(tr("Data"), *w.project.data);
  if (w.project.calibration) rows << dataRow(tr("Calibration"), *w.project.calibration);
  rows << row({tr("Program"), QStringLiteral("Planish " PLANISH_VERSION) + (w.project.programVersion.empty() ? QString() : tr(", project written by %1").arg(safe(w.project.programVersion)))});
  if (!w.file.isEmpty()) rows << row({tr("Project"), QFileInfo(w.file).fileName().toHtmlEscaped()});
  return heading(tr("What was compressed")) + table({}, rows);
}

QString totalsText(const Workspace& w) {
  QStringList rows;
  const std::string budget = w.budget.value > 0 ? toText(w.budget) : std::string();
  rows << row({tr("Plan"), safe(w.plan.name)}) << row({tr("Weights"), bytesText(w.totals.bytes)}) << row({tr("Bits per weight"), numberText(w.totals.bitsPerWeight, 4)})
       << row({tr("Predicted %1").arg(scoreName(w.metric).toHtmlEscaped()), scoreText(w.metric, w.totals.predicted).toHtmlEscaped() +
                                         (w.totals.unmeasured ? tr(" (%1 layers are not measured)").arg(w.totals.unmeasured) : QString())});
  if (w.totals.operations > 0) rows << row({tr("Work"), tr("%1 MAC a sample").arg(countText(w.totals.operations))});
  if (!budget.empty()) rows << row({tr("Budget"), safe(budget)});
  if (!w.plan.solver.empty()) rows << row({tr("Solver"), safe(w.plan.solver)});
  rows << row({tr("Target"), safe(w.plan.target.empty() ? w.target : w.plan.target)});
  if (!w.plan.note.empty()) rows << row({tr("Note"), safe(w.plan.note)});
  return heading(tr("Totals")) + table({}, rows);
}

QString resultText(const Workspace& w, const CompressionResult& result) {
  QStringList rows;
  for (const auto& [score, before] : result.before) {
    const auto after = result.after.find(score), difference = result.difference.find(score);
    if (after == result.after.end() || difference == result.difference.end()) continue;
    rows << row({scoreName(score).toHtmlEscaped(), scoreText(score, before), scoreText(score, after->second), scoreText(score, difference->second, true), QString::number(before.count)});
  }
  QString text = heading(tr("Measured: plan “%1”").arg(plainName(result.plan))) + table({tr("score"), tr("original"), tr("compressed"), tr("difference, paired"), tr("samples")}, rows);
  QStringList facts;
  if (result.correctAfter >= 0) facts << tr("%1 → %2 samples answered right").arg(result.correctBefore).arg(result.correctAfter);
  const Plan* plan = w.project.plan(result.plan);
  if (plan && plan->predicted.mean > 0)
    if (const auto real = result.difference.find(plan->metric); real != result.difference.end())
      facts << tr("additivity: measured %1 is %2 times what the sum over layers predicted (%3)")
                   .arg(scoreName(plan->metric).toHtmlEscaped(), numberText(real->second.mean / plan->predicted.mean), scoreText(plan->metric, plan->predicted));
  QStringList repairs;
  for (const auto& repair : result.repairs) repairs << safe(repair);
  facts << tr("repairs: %1").arg(repairs.isEmpty() ? tr("none") : repairs.join(QStringLiteral(", "))) << tr("seed %1").arg(result.seed) << tr("took %1").arg(durationText(result.seconds));
  return text + QStringLiteral("<p>%1.</p>\n").arg(facts.join(QStringLiteral(" · ")));
}

QString exportsText(const Workspace& w) {
  if (w.project.exports.empty()) return {};
  QStringList rows;
  for (const auto& record : w.project.exports) {
    QStringList scores;
    for (const auto& [score, estimate] : record.reloaded) scores << scoreName(score).toHtmlEscaped() + QLatin1Char(' ') + scoreText(score, estimate);
    rows << row({safe(record.file), safe(record.target), bytesText({record.bytes}), tr("%1 (predicted %2)").arg(bytesText({record.weightBytes}), bytesText({record.predictedBytes})),
                 numberText(record.maxAbsDifference), scores.join(QStringLiteral("; "))});
  }
  return heading(tr("Exports, reloaded and compared")) +
         table({tr("file"), tr("target"), tr("size"), tr("weights in it"), tr("largest difference of an answer"), tr("scores of the reloaded file")}, rows);
}

QString planText(const Workspace& w, std::size_t most) {
  if (w.plan.layers.empty()) return {};
  const CompressionResult* result = w.project.result(w.plan.name);
  QStringList rows;
  for (std::size_t i = 0; i < std::min(most, w.plan.layers.size()); ++i) {
    const auto& planned = w.plan.layers[i];
    const MenuItem* item = menuItem(w, static_cast<int>(i), planned.setting);
    QString error;
    if (result)
      for (const auto& layer : result->layers)
        if (layer.layer == planned.layer && layer.setting == planned.setting) error = numberText(layer.error);
    rows << row({QString::number(i + 1), safe(planned.layer), safe(toText(planned.setting)) + (planned.locked ? tr(" (locked)") : QString()), bytesText(planned.bits.bytes()),
                 item && item->damage ? scoreText(w.metric, *item->damage) : QString(), error, safe(planned.provenance)});
  }
  return heading(tr("Plan by layer")) + table({tr("no."), tr("layer"), tr("setting"), tr("size"), tr("predicted %1").arg(scoreName(w.metric).toHtmlEscaped()),
                                               QStringLiteral("|W − W′|² / |W|²"), tr("by")}, rows) +
         (w.plan.layers.size() > most ? QStringLiteral("<p>%1</p>\n").arg(tr("and %1 more in the saved report").arg(w.plan.layers.size() - most)) : QString());
}

constexpr const char* kStyle = R"(body{font:13px/1.45 "Noto Sans","DejaVu Sans",sans-serif;color:#1d2430;background:#fff;max-width:900px;margin:24px auto;padding:0 16px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:15px;margin:22px 0 6px;border-bottom:1px solid #d9dce1;padding-bottom:3px}
table{border-collapse:collapse;width:100%}th{text-align:left;color:#5f6774;font-weight:normal;font-size:11px}
td,th{padding:2px 10px 2px 0;vertical-align:top;border-bottom:1px solid #eceef1}code{font-size:10px;word-break:break-all;color:#5f6774}
p,figcaption{color:#5f6774}figure{margin:12px 0;page-break-inside:avoid}svg{width:100%;height:auto}
@media print{body{margin:0;max-width:none}tr{page-break-inside:avoid}}
)";

QString page(const Workspace& w, bool forDocument, std::size_t mostLayers, int widest) {
  const QString name = w.network ? safe(titleOf(w.network->reference)) : tr("no network");
  QString text = QStringLiteral("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%1</title>\n<style>%2</style></head><body>\n<h1>%1</h1>\n")
                     .arg(tr("Compression of %1").arg(name), QLatin1String(kStyle));
  text += aboutText(w) + totalsText(w);
  for (const auto& result : w.project.results) text += resultText(w, result);
  int number = 0;
  for (const auto& chart : reportCharts(w)) {
    const int width = std::min(widest, chart.size.width());
    const QString picture = forDocument ? QStringLiteral("<img src=\"chart:%1\" width=\"%2\" height=\"%3\">").arg(number).arg(width).arg(chart.size.height() * width / chart.size.width())
                                        : QString::fromUtf8(chart.svg());
    const QString caption = chart.caption.toHtmlEscaped();
    // QTextDocument does not know figures.
    text += heading(chart.title) + (forDocument ? QStringLiteral("<p>%1</p>\n<p>%2</p>\n").arg(picture, caption)
                                                : QStringLiteral("<figure>") + picture + QStringLiteral("<figcaption>") + caption + QStringLiteral("</figcaption></figure>\n"));
    ++number;
  }
  return text + exportsText(w) + planText(w, mostLayers) + QStringLiteral("</body></html>\n");
}

}  // namespace

QString reportHtml(const Workspace& workspace) { return page(workspace, false, workspace.plan.layers.size(), 0); }

QString reportHtmlForDocument(const Workspace& workspace, int mostLayers, int widest) {
  return page(workspace, true, static_cast<std::size_t>(std::max(0, mostLayers)), widest);
}

}  // namespace planish::views
