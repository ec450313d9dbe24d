// What a job will take, said on the page before it begins.
#include "app/desktop/job_runner.h"

#include <algorithm>

namespace planish::desktop {
namespace {

/// Seconds of layers that earlier jobs of this project took: they say more than a trial.
std::vector<LayerResult> recordedLayers(const Project& project) {
  std::vector<LayerResult> recorded;
  for (const auto& result : project.results) recorded.insert(recorded.end(), result.layers.begin(), result.layers.end());
  return recorded;
}

std::shared_ptr<const BatchSource> firstOf(const std::shared_ptr<const BatchSource>& source, std::int64_t count) {
  return source && count > 0 && count < source->count() ? std::make_shared<const BatchSource>(source->first(count)) : source;
}

}  // namespace

void JobRunner::estimate(const MeasureChoice& choice, std::function<void(const Preflight&)> done, std::function<void(const QString&)> failed) {
  const Workspace& w = m_document.workspace();
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto calibration = firstOf(w.calibration ? w.calibration : w.data, choice.limit);
  m_estimating.run<Preflight>(
      [=, &engine, network = w.network, recorded = recordedLayers(w.project)](const Progress& progress) {
        const MeasureJob job{*network, engine.plugins, choice.metrics, choice.options, choice.target, calibration.get(), {}, choice.parameters, nullptr, nullptr, {}};
        return preflight(job, context, progress, recorded);
      },
      std::move(done), std::move(failed));
}

void JobRunner::estimate(const CompressChoice& choice, std::function<void(const Preflight&)> done, std::function<void(const QString&)> failed) {
  const Workspace& w = m_document.workspace();
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto held = choice.liveSamples > 0 ? firstOf(w.data, choice.liveSamples) : nullptr;
  m_estimating.run<Preflight>(
      [=, &engine, network = w.network, data = w.data, calibration = w.calibration ? w.calibration : w.data, plan = w.plan,
       recorded = recordedLayers(w.project)](const Progress& progress) {
        CompressJob job{*network, plan, engine.plugins, calibration.get(), data.get(), choice.repairs, RangeRule::mse, nullptr, {}};
        job.live.samples = held.get();
        return preflight(job, context, progress, recorded);
      },
      std::move(done), std::move(failed));
}

void JobRunner::estimateExport(const std::string& target, std::function<void(const Preflight&)> done, std::function<void(const QString&)> failed) {
  const Workspace& w = m_document.workspace();
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const CompressionResult* found = w.project.result(w.plan.name);
  if (!found) return;
  m_estimating.run<Preflight>(
      [=, &engine, network = w.network, data = w.data, plan = w.plan, result = std::make_shared<const CompressionResult>(*found)](const Progress& progress) {
        const ExportJob job{*network, plan, *result, engine.plugins, {}, target, true, data.get()};
        return preflight(job, context, progress);
      },
      std::move(done), std::move(failed));
}

}  // namespace planish::desktop
