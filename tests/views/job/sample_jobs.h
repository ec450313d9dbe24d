#pragma once

#include "tests/views/support/sample_workspace.h"

#include <cmath>

namespace planish::views {

/// A compress job in the middle of the workspace's plan, with curves.
inline JobState runningCompression(const Workspace& workspace, int done) {
  JobState job;
  job.id = 4;
  job.kind = JobKind::compress;
  job.phase = JobPhase::running;
  job.title = QStringLiteral("Compress “hand-tuned”");
  job.device = QStringLiteral("CPU, 2 threads");
  job.command = QStringLiteral("planish-cli compress sample.planish --plan hand-tuned");
  job.plan = "hand-tuned";
  job.layersTotal = workspace.layerCount();
  job.layersDone = done;
  job.fraction = static_cast<double>(done) / job.layersTotal;
  job.started = QDateTime(QDate(2026, 3, 4), QTime(14, 2, 11));
  job.seconds = 52;
  job.secondsLeft = 41;
  job.expected = {95, 900ll << 20, 3 << 20, 250000};
  job.original = {{"top1", {0.971, 0.004, 2000}}, {"kl", {0, 0, 2000}}, {"loss", {0.112, 0.011, 2000}}};
  for (int i = 0; i < done; ++i) {
    const auto& planned = workspace.plan.layers[static_cast<std::size_t>(i)];
    const bool skipped = i == 8;
    job.layers.push_back({planned.layer, skipped ? Setting{} : planned.setting, planned.bits, skipped ? 0 : std::pow(4.0, -planned.setting.bits) * (1 + 0.5 * std::sin(i)), 0.08});
    const double damage = 0.01 * (i + 1.0) / job.layersTotal;
    job.live.push_back({i + 1, i * 1.7, {{"top1", {0.971 - damage, 0.0042, 2000}}, {"kl", {damage * 2, damage / 9, 2000}}, {"loss", {0.112 + damage, 0.011, 2000}}},
                        {{"top1", {-damage, 0.0004 + damage / 6, 2000}}, {"kl", {damage * 2, damage / 9, 2000}}, {"loss", {damage, 0.001 + damage / 9, 2000}}}});
  }
  for (int i = 0; i < 52; ++i) job.resources.push_back({1.0 * i, (300ll << 20) + i * (2ll << 20), -1, 11 + 2 * std::sin(i * 0.7)});
  return job;
}

/// Job 1 measured, 2 failed, 3 done of an older plan, 4 runs, 5 and 6 wait.
inline Workspace workspaceWithJobs(int layers) {
  Workspace w = sampleWorkspace(layers);
  const int half = layers * 31 / 54;
  JobState measured;
  measured.id = 1;
  measured.kind = JobKind::measure;
  measured.phase = JobPhase::done;
  measured.title = QStringLiteral("Measure KL");
  measured.layersDone = measured.layersTotal = layers;
  measured.fraction = 1;
  measured.seconds = 71;
  measured.started = QDateTime(QDate(2026, 3, 4), QTime(13, 58, 2));
  measured.expected = {60, 500ll << 20, 1 << 20, -1};
  measured.used = {71, 420ll << 20, 900000, -1};
  for (int i = 0; i < 71; ++i) measured.resources.push_back({1.0 * i, 400ll << 20, -1, 4 + i * 0.05 + std::sin(i)});
  JobState failed;
  failed.id = 2;
  failed.kind = JobKind::exportFile;
  failed.phase = JobPhase::failed;
  failed.title = QStringLiteral("Export <b>net</b>.onnx");
  failed.error = QStringLiteral("net.onnx: no space is left on the disk");
  failed.remedy = QStringLiteral("make 531 584 bytes free, or choose another folder");
  failed.started = QDateTime(QDate(2026, 3, 4), QTime(14, 0, 9));
  JobState older = runningCompression(w, layers);
  older.id = 3;
  older.phase = JobPhase::done;
  older.title = QStringLiteral("Compress “first try”");
  older.olderPlan = true;
  older.used = {90, 1000ll << 20, 2 << 20, 249000};
  JobState waiting;
  waiting.id = 5;
  waiting.phase = JobPhase::queued;
  waiting.title = QStringLiteral("Measure top-1");
  waiting.command = QStringLiteral("planish-cli measure");
  JobState last = waiting;
  last.id = 6;
  last.kind = JobKind::exportFile;
  last.title = QStringLiteral("Export hand-tuned.onnx");
  w.jobs = {measured, failed, older, runningCompression(w, half), waiting, last};
  return w;
}

}  // namespace planish::views
