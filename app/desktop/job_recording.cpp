#include "app/desktop/job_recording.h"

#include "core/base/error.h"
#include "views/base/numbers.h"

#include <QCoreApplication>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>
#include <limits>

namespace planish::desktop {

using views::JobKind;
using views::JobPhase;
using views::JobState;

namespace {

constexpr qint64 kMostBytes = 64 << 20;
constexpr qsizetype kLongestLine = 1 << 20;

Estimate estimateOf(const QJsonValue& value) {
  const QJsonObject object = value.toObject();
  const auto number = [&](const char* key) { return object.value(QLatin1String(key)).toDouble(std::numeric_limits<double>::quiet_NaN()); };
  return {number("mean"), std::max(0.0, object.value(QLatin1String("stderr")).toDouble()), static_cast<std::int64_t>(object.value(QLatin1String("count")).toDouble())};
}

std::map<std::string, Estimate> estimatesOf(const QJsonValue& value) {
  std::map<std::string, Estimate> estimates;
  const QJsonObject object = value.toObject();
  for (auto i = object.begin(); i != object.end(); ++i) estimates[i.key().toStdString()] = estimateOf(i.value());
  return estimates;
}

void take(JobState& job, const QJsonObject& line) {
  const QString event = line.value(QLatin1String("event")).toString();
  const auto number = [&](const char* key, double other = 0) { return line.value(QLatin1String(key)).toDouble(other); };
  const auto text = [&](const char* key) { return line.value(QLatin1String(key)).toString(); };
  const auto most = [](double value) { return static_cast<int>(std::clamp(value, 0.0, 1e6)); };
  if (event == QLatin1String("job")) {
    job.kind = text("job") == QLatin1String("compress") ? JobKind::compress : JobKind::measure;
    job.title = views::plainName(text("title").toStdString(), 200);
    job.device = views::plainName(text("device").toStdString(), 200);
    job.plan = text("plan").toStdString();
    job.layersTotal = most(number("layers"));
  } else if (event == QLatin1String("resources")) {
    job.resources.push_back({number("elapsed"), static_cast<std::int64_t>(number("resident")), static_cast<std::int64_t>(number("device", -1)), number("per_second")});
    job.seconds = std::max(job.seconds, number("elapsed"));
    job.used.memoryBytes = std::max(job.used.memoryBytes, job.resources.back().residentBytes);
  } else if (event == QLatin1String("progress")) {
    job.fraction = std::clamp(std::max(job.fraction, number("fraction")), 0.0, 1.0);
    job.seconds = std::max(job.seconds, number("elapsed"));
  } else if (event == QLatin1String("rows")) {
    ++job.layersDone;
  } else if (event == QLatin1String("layer")) {
    LayerResult layer;
    layer.layer = text("layer").toStdString();
    layer.setting = parseSetting(text("setting").toStdString());
    layer.error = number("error");
    layer.seconds = number("seconds");
    job.layers.push_back(std::move(layer));
    job.layersDone = std::max(job.layersDone, most(number("done")));
  } else if (event == QLatin1String("live") && job.original.empty()) {
    job.original = estimatesOf(line.value(QLatin1String("value")));
  } else if (event == QLatin1String("live")) {
    job.live.push_back({most(number("done")), job.seconds, estimatesOf(line.value(QLatin1String("value"))), estimatesOf(line.value(QLatin1String("difference")))});
  } else if (event == QLatin1String("result")) {
    const QJsonObject error = line.value(QLatin1String("error")).toObject();
    job.phase = error.isEmpty() ? JobPhase::done : JobPhase::failed;
    job.error = views::plainName(error.value(QLatin1String("message")).toString().toStdString(), 400);
    if (line.value(QLatin1String("seconds")).isDouble()) job.seconds = number("seconds");
  }
}

}  // namespace

JobState readRecording(const QString& path) {
  const auto wrong = [&](const std::string& what) { return Error(ErrorKind::invalidInput, what).in(path.toStdString()).remedy("record one with: planish-cli measure … --jsonl > FILE"); };
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) throw wrong("the recording cannot be read: " + file.errorString().toStdString());
  if (file.size() > kMostBytes) throw wrong("expected a recording of at most 64 MiB, found " + std::to_string(file.size()) + " bytes");
  JobState job;
  job.phase = JobPhase::stopped;  // unless it tells its end
  bool begun = false;
  for (int number = 1; !file.atEnd(); ++number) {
    const QByteArray line = file.readLine(kLongestLine).trimmed();
    if (line.isEmpty()) continue;
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(line, &problem);
    if (!document.isObject()) throw wrong("expected an event in line " + std::to_string(number) + ": " + problem.errorString().toStdString());
    const QJsonObject event = document.object();
    begun = begun || event.value(QLatin1String("event")).toString() == QLatin1String("job");
    take(job, event);
  }
  if (!begun) throw wrong("expected an event \"job\", found none");
  job.started = QFileInfo(file).lastModified().addMSecs(-static_cast<qint64>(std::clamp(job.seconds, 0.0, 1e8) * 1000));
  job.used.seconds = job.seconds;
  if (job.phase == JobPhase::done) {
    job.fraction = 1;
    job.layersDone = job.layersTotal;
  }
  job.title += QCoreApplication::translate("JobRecording", " (recorded)");
  return job;
}

}  // namespace planish::desktop
