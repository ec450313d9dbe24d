// A recorded job of a GPU run in the Job view: device, memory and throughput are shown where no machine has both a GPU and a display.
#include "tests/app/desktop/support/driver.h"

#include "app/desktop/job_recording.h"
#include "core/base/error.h"
#include "views/job/resource_meters.h"

#include <QFile>
#include <QLabel>

namespace planish::desktop {
namespace {

QString written(const Driver& d, const QByteArray& text) {
  const QString path = d.file(QStringLiteral("run.jsonl"));
  QFile file(path);
  EXPECT_TRUE(file.open(QIODevice::WriteOnly));
  file.write(text);
  return path;
}

TEST(Recording, ARunOfARealGpuOpens) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  d.window->openFiles({QStringLiteral(PLANISH_SOURCE_DIR "/tests/app/desktop/recordings/h200_compress.jsonl")});
  ASSERT_EQ(d.workspace().jobs.size(), 1u) << d.told.join(u'\n').toStdString();
  const auto& job = d.workspace().jobs.back();
  EXPECT_TRUE(job.device.contains(QStringLiteral("H200"))) << job.device.toStdString();
  EXPECT_EQ(job.layersDone, 53);
  EXPECT_GT(job.live.size(), 10u);
  ASSERT_FALSE(job.resources.empty());
  EXPECT_GT(job.resources.back().deviceBytes, 0);
}

const QByteArray kRecording =
    R"({"schema":1,"seq":0,"event":"job","job":"compress","title":"Compress \"plan\"","plan":"plan","layers":3,"device":"NVIDIA H200 (cuda:0) and CPU, 16 threads"}
{"schema":1,"seq":1,"event":"live","done":0,"value":{"top1":{"mean":0.97,"stderr":0.01,"count":256}}}
{"schema":1,"seq":2,"event":"layer","layer":"a","setting":"int8","error":0.001,"seconds":0.1,"done":1,"total":3}
{"schema":1,"seq":3,"event":"resources","elapsed":0.5,"resident":500000000,"device":3221225472,"per_second":2.0}
{"schema":1,"seq":4,"event":"live","done":1,"finished":false,"value":{"top1":{"mean":0.96,"stderr":0.01,"count":256}},"difference":{"top1":{"mean":-0.01,"stderr":0.005,"count":256}}}
{"schema":1,"seq":5,"event":"resources","elapsed":1.5,"resident":600000000,"device":2147483648,"per_second":8.0}
)";

TEST(Recording, TheJobViewShowsDeviceMemoryAndThroughputOfAGpuRun) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  d.window->openFiles({written(d, kRecording)});
  ASSERT_EQ(d.workspace().jobs.size(), 1u) << d.told.join(u'\n').toStdString();
  const auto& job = d.workspace().jobs.back();
  EXPECT_EQ(job.device, QStringLiteral("NVIDIA H200 (cuda:0) and CPU, 16 threads"));
  EXPECT_EQ(job.layersDone, 1);
  EXPECT_EQ(job.live.size(), 1u);
  ASSERT_EQ(job.resources.size(), 2u);
  EXPECT_EQ(job.resources[0].deviceBytes, std::int64_t(3) << 30);
  auto* view = d.window->view(QStringLiteral("job"));
  d.window->showStep(Step::compress);
  ASSERT_TRUE(Driver::waitFor([&] { return view->isVisible(); }));
  QTest::qWait(500);  // views take turns
  const auto shows = [&](const QString& text) {
    const auto labels = view->findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(), [&](const QLabel* label) { return label->text().contains(text) || label->toolTip().contains(text) || label->accessibleName().contains(text); });
  };
  EXPECT_TRUE(Driver::waitFor([&] { return shows(QStringLiteral("NVIDIA H200")); }, 5000));
  const auto* meters = view->findChild<views::ResourceMeters*>();
  ASSERT_TRUE(meters);
  const QString said = meters->accessibleDescription();
  EXPECT_TRUE(said.contains(QStringLiteral("Device memory, at the most: 3"))) << said.toStdString();
  EXPECT_TRUE(said.contains(QStringLiteral("Throughput"))) << said.toStdString();
  EXPECT_TRUE(said.contains(QStringLiteral("8"))) << said.toStdString();
  if (const QString pictures = qEnvironmentVariable("PLANISH_PICTURES"); !pictures.isEmpty()) d.window->grab().save(pictures + QStringLiteral("/job_gpu.png"));
}

TEST(Recording, WhatIsNoneIsSaid) {
  Driver d;
  for (const QByteArray& text : {QByteArray("no json\n"), QByteArray("[1,2]\n"), QByteArray("{\"event\":\"rows\"}\n"), QByteArray(), QByteArray("{\"event\":\"job\",\"layers\":1e300}\n{\"event\":\"layer\",\"setting\":\"bad\"}\n")})
    EXPECT_THROW(readRecording(written(d, text)), Error) << text.toStdString();
  EXPECT_THROW(readRecording(QStringLiteral("/nowhere/run.jsonl")), Error);
  const auto job = readRecording(written(d, "{\"event\":\"job\",\"layers\":1e300,\"device\":7}\n{\"event\":\"resources\",\"device\":null}\n"));
  EXPECT_EQ(job.layersTotal, 1000000);
  EXPECT_EQ(job.resources.back().deviceBytes, -1);
}

}  // namespace
}  // namespace planish::desktop
