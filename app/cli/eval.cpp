#include "app/cli/session.h"
#include "core/evaluation/evaluator.h"
#include "core/jobs/compress_job.h"

#include <algorithm>

namespace planish::cli {
namespace {

std::vector<const Score*> wantedScores(Session& session, const BatchSource& data, bool reference) {
  std::vector<const Score*> scores;
  for (const auto& id : session.options.metrics) scores.push_back(&session.plugins.scores.get(id));
  if (scores.empty())
    for (const Score* score : scoresFor(session.plugins.scores, data))
      if (reference || !score->needsReference()) scores.push_back(score);
  if (scores.empty()) throw Error(ErrorKind::usage, "the data has no labels, so the network can only be compared").remedy("give --reference NETWORK");
  for (const Score* score : scores) {
    if (score->needsReference() && !reference)
      throw Error(ErrorKind::usage, "metric '" + score->declaration().id + "' compares with another network").remedy("give --reference NETWORK");
    if (score->needsLabels() && !data.hasLabels()) throw Error(ErrorKind::usage, "metric '" + score->declaration().id + "' needs labels, and the data has none");
  }
  return scores;
}

}  // namespace

int eval(Session& session) {
  const OpenedNetwork opened = openNetwork(session.options.network, {}, session.plugins, session.progress);
  const SessionData data = openData(session, *opened.network);
  const BatchSource& source = *data.judging();
  std::optional<OpenedNetwork> reference;
  std::optional<BatchSource> referenceSource;
  if (!session.options.reference.empty()) {
    reference = openNetwork(session.options.reference, {}, session.plugins, session.progress);
    referenceSource.emplace(*reference->network, source.sharedDataset(), source.preprocessing(), source.count(), source.batchSize());
  }
  const auto scores = wantedScores(session, source, reference.has_value());
  if (session.options.dryRun) {
    session.output.text("would run " + grouped(source.count()) + " samples\n");
    return 0;
  }
  const double share = reference ? 0.5 : 1.0;
  const Tensor output = answers({opened.network.get(), nullptr, nullptr}, source, session.context, session.progress.part(0, share));
  Tensor original;
  if (reference) original = answers({reference->network.get(), nullptr, nullptr}, *referenceSource, session.context, session.progress.part(share, 1));
  const Evaluation evaluation = evaluate(scores, output, source, reference ? &original : nullptr);
  std::optional<Evaluation> before;
  if (reference) before = evaluate(scores, original, source, &original);

  Json object = resultObject("eval");
  object["network"] = toJson(opened.reference);
  object["metrics"] = Json::object();
  std::vector<std::vector<std::string>> rows = {{"metric", "value", "reference", "difference, paired"}};
  Json differences = Json::object(), references = Json::object();
  for (const Score* score : scores) {
    const auto& id = score->declaration().id;
    object["metrics"][id] = toJson(evaluation.estimate(id));
    std::vector<std::string> row = {id, toText(evaluation.estimate(id)), "", ""};
    if (before) {
      const Estimate difference = pairedDifference(before->perSample.at(id), evaluation.perSample.at(id));
      references[id] = toJson(before->estimate(id));
      differences[id] = toJson(difference);
      row[2] = toText(before->estimate(id));
      row[3] = toText(difference);
    }
    if (!before) row.resize(2);
    rows.push_back(row);
  }
  if (!before) rows[0].resize(2);
  if (evaluation.correct() >= 0) object["correct"] = evaluation.correct();
  if (before) {
    object["reference"] = references;
    object["difference"] = differences;
  }
  session.output.endProgress();
  session.output.text(table(rows, std::vector<bool>(rows[0].size(), false)));
  if (evaluation.correct() >= 0) session.output.text("\n" + grouped(evaluation.correct()) + " of " + grouped(source.count()) + " correct\n");
  session.output.result(std::move(object));
  return 0;
}

}  // namespace planish::cli
