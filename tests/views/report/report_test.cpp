#include "views/report/report_view.h"

#include "tests/views/support/picture.h"
#include "tests/views/support/sample_workspace.h"
#include "views/base/theme.h"
#include "views/report/report_charts.h"
#include "views/report/report_html.h"

#include <QApplication>
#include <QFile>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QTest>
#include <QTextBrowser>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

Workspace workspaceWithEverything(int layers = 54) {
  Workspace w = sampleWorkspace(layers);
  w.project.programVersion = "0.1.0";
  w.project.data = DataReference{"glyphs.npz", "test_x", "test_y", "{}", -1, 64, 2000, std::string(64, 'a')};
  CompressionResult result;
  result.plan = w.plan.name;
  result.before = {{"top1", {0.971, 0.004, 2000}}, {"kl", {0, 0, 2000}}};
  result.after = {{"top1", {0.964, 0.004, 2000}}, {"kl", {0.0193, 0.0013, 2000}}};
  result.difference = {{"top1", {-0.007, 0.0017, 2000}}, {"kl", {0.0193, 0.0013, 2000}}};
  result.correctBefore = 1942;
  result.correctAfter = 1928;
  result.seed = 17;
  result.repairs = {"batchnorm"};
  for (const auto& planned : w.plan.layers) result.layers.push_back({planned.layer, planned.setting, planned.bits, 0.0123, 0.1});
  w.plan.predicted = {0.01, 0.001, 512};
  w.project.put(w.plan);
  w.project.put(result);
  w.project.put(ExportRecord{w.plan.name, "onnxruntime", "glyphs_small.onnx", 531584, 348004, 348004, 1.5e-5, {{"top1", {0.964, 0.004, 2000}}}});
  for (int i = 0; i < 8; ++i) {
    FrontPoint point;
    point.plan = w.plan;
    for (auto& planned : point.plan.layers) planned.bits.count = planned.bits.count * (4 + i) / 8;
    point.predicted = {0.2 * std::pow(0.4, i), 0.001, 512};
    if (i % 2) point.measured["kl"] = {0.21 * std::pow(0.4, i), 0.001, 512};
    point.uniform = i == 7;
    w.front.push_back(point);
  }
  JobState job;
  job.kind = JobKind::compress;
  job.phase = JobPhase::done;
  job.plan = w.plan.name;
  job.layersTotal = layers;
  job.original = {{"top1", {0.971, 0.004, 2000}}};
  for (int i = 1; i <= layers; i += 3) job.live.push_back({i, 1.0 * i, {{"top1", {0.971 - 0.007 * i / layers, 0.004, 2000}}}, {{"top1", {-0.007 * i / layers, 0.0017, 2000}}}});
  w.jobs.push_back(job);
  return w;
}

TEST(Report, HoldsWhatWasFoundOut) {
  const QString html = reportHtml(workspaceWithEverything());
  for (const char* text : {"sample.onnx", "glyphs.npz", "hand-tuned", "96.40", "1942 → 1928", "1.93 times", "seed 17", "batchnorm", "glyphs_small.onnx", "1.5e-5", "block.17.conv2",
                           "Planish " PLANISH_VERSION, "aaaaaaaa"})
    EXPECT_TRUE(html.contains(QString::fromUtf8(text))) << text;
  EXPECT_EQ(html.count(QStringLiteral("<svg")), 4);
  EXPECT_FALSE(html.contains(QStringLiteral("http-equiv"))) << "nothing is fetched";
  EXPECT_FALSE(html.contains(QStringLiteral("<script"))) << "nothing runs";
}

TEST(Report, U22_MaliciousNamesStayLiteral) {
  Workspace w = workspaceWithEverything(3);
  w.plan.layers[0].layer = "<img src=x onerror=alert(1)>%1%n&amp;";
  w.plan.name = "<b>bold</b>";
  auto opened = std::make_shared<OpenedNetwork>(*w.network);
  opened->reference.name = "</title><script>alert(1)</script>";
  opened->reference.path = "a\nb\x1b[31m%2.onnx";
  w.network = opened;
  w.project.results[0].plan = "<i>";
  w.project.exports[0].file = "<u>.onnx";
  const QString html = reportHtml(w);
  for (const char* text : {"<img src=x", "<b>bold", "<script", "<i>", "<u>", "\x1b"}) EXPECT_FALSE(html.contains(QLatin1String(text))) << text;
  EXPECT_TRUE(html.contains(QStringLiteral("&lt;img src=x onerror=alert(1)&gt;%1%n&amp;amp;")));
  EXPECT_TRUE(html.contains(QStringLiteral("%2.onnx")));
}

TEST(Report, ChartsAreValidSvgAndTheSameWorkspaceGivesTheSamePage) {
  const Workspace w = workspaceWithEverything();
  for (const auto& chart : reportCharts(w)) EXPECT_TRUE(QSvgRenderer(chart.svg()).isValid()) << chart.title.toStdString();
  EXPECT_EQ(reportHtml(w), reportHtml(w));
}

TEST(Report, AnEmptyWorkspaceHasAPageToo) {
  EXPECT_TRUE(reportCharts(Workspace()).empty());
  EXPECT_TRUE(reportHtml(Workspace()).contains(QStringLiteral("</html>")));
}

TEST(ReportView, SavesHtmlAndPdf) {
  const Workspace w = workspaceWithEverything();
  const ReportView view(w);
  QTemporaryDir folder;
  QString problem;
  ASSERT_TRUE(view.saveTo(folder.filePath(QStringLiteral("r.html")), &problem)) << problem.toStdString();
  ASSERT_TRUE(view.saveTo(folder.filePath(QStringLiteral("r.pdf")), &problem)) << problem.toStdString();
  QFile pdf(folder.filePath(QStringLiteral("r.pdf")));
  ASSERT_TRUE(pdf.open(QIODevice::ReadOnly));
  const QByteArray bytes = pdf.readAll();
  EXPECT_TRUE(bytes.startsWith("%PDF-"));
  EXPECT_GT(bytes.size(), 20000);
  EXPECT_FALSE(view.saveTo(QStringLiteral("/nowhere/r.html"), &problem));
  EXPECT_TRUE(problem.contains(QStringLiteral("/nowhere/r.html")));
  if (const QString pictures = qEnvironmentVariable("PLANISH_PICTURES"); !pictures.isEmpty()) {
    view.saveTo(pictures + QStringLiteral("/report.pdf"));
    view.saveTo(pictures + QStringLiteral("/report.html"));
  }
}

TEST(ReportView, LooksAsItShould) {
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    const Workspace w = workspaceWithEverything(), empty;
    ReportView view(w), nothing(empty);
    view.resize(860, 1400);
    view.show();
    nothing.resize(400, 240);
    nothing.show();
    ASSERT_TRUE(QTest::qWaitForWindowExposed(&view));
    ASSERT_TRUE(QTest::qWaitFor([&] { return view.preview()->document()->characterCount() > 1000; }));
    keepPicture(view, dark ? QStringLiteral("report_dark") : QStringLiteral("report_light"));
    keepPicture(nothing, dark ? QStringLiteral("report_empty_dark") : QStringLiteral("report_empty_light"));
  }
  qApp->setPalette(Theme::light().palette());
}

TEST(ReportView, RowsThatArriveFastAreGatheredAndTheNewestIsShown) {
  Workspace w = workspaceWithEverything();
  ReportView view(w);
  view.resize(860, 1400);
  view.show();
  int pages = 0;
  QObject::connect(&view, &ReportView::shown, [&] { ++pages; });
  ASSERT_TRUE(QTest::qWaitFor([&] { return pages == 1; }));
  for (int i = 0; i < 50; ++i) {
    w.plan.note = "note " + std::to_string(i);
    view.note(Change::plan);
  }
  ASSERT_TRUE(QTest::qWaitFor([&] { return view.preview()->document()->toPlainText().contains(QStringLiteral("note 49")); }));
  EXPECT_LE(pages, 3);
}

TEST(ReportView, ThePreviewOfAThousandLayersIsCutAndTheFileIsNot) {
  const Workspace w = workspaceWithEverything(1000);
  const QString last = QString::fromStdString(w.plan.layers.back().layer);
  ReportView view(w);
  view.resize(860, 1400);
  view.show();
  ASSERT_TRUE(QTest::qWaitFor([&] { return view.preview()->document()->characterCount() > 1000; }));
  EXPECT_FALSE(view.preview()->document()->toPlainText().contains(last));
  EXPECT_TRUE(view.preview()->document()->toPlainText().contains(QStringLiteral("and 960 more")));
  EXPECT_TRUE(reportHtml(w).contains(last));
}

TEST(ReportView, MayGoWhileAPageIsBeingMade) {
  const Workspace w = workspaceWithEverything(300);
  for (int i = 0; i < 5; ++i) {
    ReportView view(w);
    view.show();
  }
}

}  // namespace
}  // namespace planish::views
