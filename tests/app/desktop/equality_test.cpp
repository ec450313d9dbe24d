// The window and the command line say the same: of a project, and of a job that is copied as a command.
#include "tests/app/desktop/support/driver.h"

#include "core/project/project.h"
#include "views/base/numbers.h"
#include "views/network/layer_model.h"
#include "views/network/network_view.h"
#include "views/plan/plan_view.h"
#include "views/plan/totals_row.h"
#include "views/sensitivity/heat_map.h"

#include <QClipboard>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QTreeView>

#include <gtest/gtest.h>

#include <set>

namespace planish::desktop {
namespace {

/// Standard output of a shell line in which planish-cli is the program of this build.
QByteArray shell(const QString& line, int* status = nullptr) {
  QProcess process;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QStringLiteral("PATH"), QFileInfo(QStringLiteral(PLANISH_CLI)).path() + QLatin1Char(':') + environment.value(QStringLiteral("PATH")));
  process.setProcessEnvironment(environment);
  process.start(QStringLiteral("/bin/sh"), {QStringLiteral("-c"), line});
  process.waitForFinished(240000);
  if (status) *status = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
  if (process.exitCode() != 0) ADD_FAILURE() << line.toStdString() << "\n" << process.readAllStandardError().toStdString();
  return process.readAllStandardOutput();
}

Estimate estimateIn(const QJsonValue& value) {
  const QJsonObject object = value.toObject();
  return {object[QStringLiteral("mean")].toDouble(), object[QStringLiteral("stderr")].toDouble(), object[QStringLiteral("count")].toInteger()};
}

/// The last job's text, through the clipboard as a person takes it.
QString copiedCommand(Driver& d) {
  d.command(QStringLiteral("job.command"));
  return QApplication::clipboard()->text();
}

TEST(Equality, ShowSaysOfAProjectWhatTheViewsShow) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  ASSERT_TRUE(d.measure(QStringLiteral("int8,int4"), 64));
  ASSERT_TRUE(d.solveFor(QStringLiteral("16%")));
  d.startCompress();
  ASSERT_TRUE(d.waitForJobs());
  const QString path = d.file(QStringLiteral("shown.planish"));
  ASSERT_TRUE(d.saveAs(path));
  const QJsonObject shown = QJsonDocument::fromJson(shell(QStringLiteral("planish-cli show '%1' --json").arg(path))).object();
  const Workspace& w = d.workspace();

  // Plan view: the row of totals.
  const QJsonObject plan = shown[QStringLiteral("plans")].toArray().last().toObject();
  const QJsonObject result = shown[QStringLiteral("results")].toArray().last().toObject();
  d.window->showStep(Step::plan);
  QTest::qWait(50);
  const auto* totals = static_cast<views::PlanView*>(d.window->view(QStringLiteral("plan")))->totals();
  QStringList values;
  for (int i = 0; i < 4; ++i) values << totals->value(i);
  EXPECT_TRUE(values.contains(views::bytesText(Bytes{plan[QStringLiteral("bytes")].toInteger()}))) << values.join(QLatin1String(" | ")).toStdString();
  EXPECT_TRUE(values.contains(QString::number(plan[QStringLiteral("bits_per_weight")].toDouble(), 'f', 2))) << values.join(QLatin1String(" | ")).toStdString();
  EXPECT_TRUE(values.contains(views::estimateText(estimateIn(plan[QStringLiteral("predicted")]), QStringLiteral("nats")))) << values.join(QLatin1String(" | ")).toStdString();
  EXPECT_TRUE(values.contains(views::scoreText("top1", estimateIn(result[QStringLiteral("after")].toObject()[QStringLiteral("top1")])))) << values.join(QLatin1String(" | ")).toStdString();
  EXPECT_EQ(plan[QStringLiteral("bytes")].toInteger(), w.totals.bytes.count);
  EXPECT_EQ(estimateIn(plan[QStringLiteral("predicted")]), w.totals.predicted);

  // Network view: bytes and setting of each layer.
  auto* tree = d.window->view(QStringLiteral("network"))->findChild<QTreeView*>();
  ASSERT_TRUE(tree);
  const auto* model = qobject_cast<const views::LayerModel*>(tree->model());
  ASSERT_TRUE(model);
  const QJsonArray settings = plan[QStringLiteral("settings")].toArray();
  ASSERT_EQ(settings.size(), w.layerCount());
  for (int i = 0; i < w.layerCount(); ++i) {
    const QJsonObject told = settings[i].toObject();
    const QModelIndex bytes = model->indexOf(i, views::LayerModel::bytes);
    ASSERT_TRUE(bytes.isValid()) << i;
    EXPECT_EQ(model->data(bytes).toString(), views::bytesText(Bytes{told[QStringLiteral("bytes")].toInteger()}).chopped(2)) << i;
    EXPECT_EQ(told[QStringLiteral("layer")].toString().toStdString(), w.network->layers.items[static_cast<std::size_t>(i)].name);
  }

  // Sensitivity view: every cell, at full precision, from the heat map's own table.
  const auto* map = d.window->view(QStringLiteral("sensitivity"))->findChild<views::HeatMap*>();
  ASSERT_TRUE(map);
  const QString csv = d.file(QStringLiteral("cells.csv"));
  ASSERT_TRUE(map->exportTo(csv));
  QFile file(csv);
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  std::set<double> cells;
  for (const auto& word : QString::fromUtf8(file.readAll()).split(QRegularExpression(QStringLiteral("[,\r\n]")))) cells.insert(word.toDouble());
  const QJsonArray rows = shown[QStringLiteral("tables")].toArray().first().toObject()[QStringLiteral("rows")].toArray();
  EXPECT_EQ(rows.size(), w.layerCount() * 2);
  for (const auto& row : rows) {
    const double mean = row.toObject()[QStringLiteral("estimate")].toObject()[QStringLiteral("mean")].toDouble();
    EXPECT_TRUE(cells.contains(mean)) << mean;
  }
}

TEST(Equality, AJobCopiedAsACommandGivesTheSameResult) {
  const QString mine = Driver::home().filePath(QStringLiteral("mine.planish")), theirs = Driver::home().filePath(QStringLiteral("theirs.planish"));
  const QString fileMine = Driver::home().filePath(QStringLiteral("mine.onnx")), fileTheirs = Driver::home().filePath(QStringLiteral("theirs.onnx"));
  QStringList commands;
  {
    Driver d;
    ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
    ASSERT_TRUE(d.saveAs(mine));
    ASSERT_TRUE(d.measure(QStringLiteral("int8,int4"), 64));
    commands << copiedCommand(d);
    ASSERT_TRUE(d.solveFor(QStringLiteral("16%")));
    d.command(QStringLiteral("file.save"));
    ASSERT_FALSE(d.document().modified());
    // The plan as it stands goes to the terminal with the project; what the window makes of it from here on does not.
    ASSERT_TRUE(QFile::copy(mine, theirs));
    d.startCompress();
    ASSERT_TRUE(d.waitForJobs());
    ASSERT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();
    commands << copiedCommand(d);
    d.whenDialogOpens([&](QWidget* page) {
      Driver::type(page->findChild<QLineEdit*>(QStringLiteral("path")), fileMine);
      Driver::press(page, QStringLiteral("start"));
    });
    d.command(QStringLiteral("job.export"));
    ASSERT_TRUE(d.waitForJobs());
    ASSERT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();
    commands << copiedCommand(d);
    d.command(QStringLiteral("file.save"));
    d.window->close();
  }
  ASSERT_EQ(commands.size(), 3);
  // The table is measured again, into a project of its own.
  const QString fresh = Driver::home().filePath(QStringLiteral("fresh.planish"));
  shell(QString(commands[0]).replace(mine, fresh));
  shell(QString(commands[1]).replace(mine, theirs));
  shell(QString(commands[2]).replace(fileMine, fileTheirs).replace(mine, theirs));

  const Project window = loadProject(mine.toStdString()), again = loadProject(fresh.toStdString()), terminal = loadProject(theirs.toStdString());
  ASSERT_EQ(again.tables.size(), 1u);
  ASSERT_EQ(window.tables.size(), 1u);
  EXPECT_EQ(again.tables[0].fingerprint, window.tables[0].fingerprint);
  EXPECT_EQ(again.tables[0].rows, window.tables[0].rows);
  ASSERT_EQ(window.results.size(), 1u);
  ASSERT_EQ(terminal.results.size(), 1u);
  const CompressionResult &a = window.results[0], &b = terminal.results[0];
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_EQ(a.after, b.after);
  EXPECT_EQ(a.difference, b.difference);
  EXPECT_EQ(a.repairs, b.repairs);
  EXPECT_EQ(a.correctAfter, b.correctAfter);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].setting, b.layers[i].setting) << i;
    EXPECT_EQ(a.layers[i].bits, b.layers[i].bits) << i;
    EXPECT_EQ(a.layers[i].error, b.layers[i].error) << i;
  }
  const auto bytesOf = [](const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
  };
  EXPECT_FALSE(bytesOf(fileMine).isEmpty());
  EXPECT_EQ(bytesOf(fileMine), bytesOf(fileTheirs)) << "the written files differ";
}

}  // namespace
}  // namespace planish::desktop
