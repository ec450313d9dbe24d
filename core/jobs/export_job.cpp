#include "core/jobs/export_job.h"

#include "core/evaluation/evaluator.h"
#include "core/jobs/compress_job.h"

#include <algorithm>
#include <set>
#include <cmath>

namespace planish {
namespace {

const TargetProfile& targetOf(const ExportJob& job) {
  std::string id = job.target.empty() ? job.plan.target : job.target;
  if (id.empty()) id = "any";
  const TargetProfile& target = job.plugins.targets.get(id);
  if (!target.exporter().empty()) return target;
  throw Error(ErrorKind::usage, "target '" + id + "' is for studies in which only the size counts: it has no file format")
      .remedy("choose a target with --target, for example onnxruntime, when planning");
}

double maxAbsDifference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) throw Error(ErrorKind::failed, "the reloaded file answers with shape " + b.shape().text() + ", expected " + a.shape().text());
  const auto x = a.data<float>(), y = b.data<float>();
  double most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(static_cast<double>(x[i]) - y[i]));
  return most;
}

}  // namespace

std::vector<std::string> refusals(const OpenedNetwork& network, const Plan& plan, const TargetProfile& target) {
  std::vector<std::string> list;
  for (const auto& planned : plan.layers) {
    const Layer* layer = network.layers.find(planned.layer);
    const std::string reason = layer ? target.refuses(*network.network, *layer, planned.setting) : "the network has no such layer";
    if (!reason.empty()) list.push_back(printable(planned.layer) + ": " + toText(planned.setting) + ": " + reason);
  }
  return list;
}

ExportRecord exportNetwork(const ExportJob& job, const Context& context, const Progress& progress) {
  const TargetProfile& target = targetOf(job);
  if (const auto refused = refusals(job.network, job.plan, target); !refused.empty()) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(refused.size(), 8); ++i) text += "\n  " + refused[i];
    if (refused.size() > 8) text += "\n  and " + std::to_string(refused.size() - 8) + " more";
    throw Error(ErrorKind::unsupported, target.declaration().id + " does not take " + std::to_string(refused.size()) + " settings of plan '" + job.plan.name + "':" + text)
        .remedy("plan again with --target " + target.declaration().id);
  }
  const CompressedNetwork compressed = restore(job.result.compressed, *job.network.network, job.network.layers);
  const Exporter& exporter = job.plugins.exporters.get(target.exporter());
  const ExportResult written = exporter.write(*job.network.network, job.network.layers, compressed, job.to, job.force, progress.part(0, 0.3));

  ExportRecord record;
  record.plan = job.plan.name;
  record.target = target.declaration().id;
  record.file = absolutePath(written.files.front());
  record.bytes = written.bytes.count;
  record.weightBytes = written.weightBytes.count;
  for (const auto& [id, tensor] : compressed.weights) record.predictedBytes += tensor.bits().bytes().count;
  // Layers that keep their weight spend what they spent before, in the plan as in the file.
  std::set<ValueId> counted;
  for (const auto& layer : job.network.layers.items) {
    if (compressed.weights.contains(layer.weight) || !counted.insert(layer.weight).second) continue;
    const std::int64_t kept = Bits{layer.weightCount() * bitsOf(job.network.network->value(layer.weight).type)}.bytes().count;
    record.weightBytes += kept;
    record.predictedBytes += kept;
  }

  const OpenedNetwork reloaded = openNetwork(written.files.front(), {}, job.plugins, progress.part(0.3, 0.4));
  if (job.data) {
    // The reloaded network has inputs of its own ids: bind the data anew.
    const BatchSource data(*reloaded.network, job.data->sharedDataset(), job.data->preprocessing(), job.data->count(), job.data->batchSize());
    const WeightOverlay overlay = compressed.overlay(*job.network.network, job.network.layers);
    const ValueTransforms transforms = simulation(compressed.activations);
    const Tensor expected = answers({job.network.network.get(), &overlay, &transforms}, *job.data, context, progress.part(0.4, 0.7));
    const Tensor found = answers({reloaded.network.get(), nullptr, nullptr}, data, context, progress.part(0.7, 1));
    record.maxAbsDifference = maxAbsDifference(expected, found);
    const auto scores = scoresFor(job.plugins.scores, data);
    const Evaluation evaluation = evaluate(scores, found, data, &expected);
    for (const Score* score : scores)
      if (!score->needsReference()) record.reloaded[score->declaration().id] = evaluation.estimate(score->declaration().id);
  }
  return record;
}

}  // namespace planish
