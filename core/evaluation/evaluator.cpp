#include "core/evaluation/evaluator.h"

#include "core/base/parallel.h"
#include "core/evaluation/samples_at_once.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

namespace planish {
namespace {

/// Answers of all batches in one tensor that is made when the first batch tells the number of classes.
class Collected {
 public:
  explicit Collected(std::int64_t samples) : m_samples(samples) {}

  void add(const Batch& batch, const Tensor& output) {
    const Tensor plain = toFloat(output);
    if (plain.shape().rank() < 1 || plain.shape()[0] != batch.count)
      throw Error(ErrorKind::invalidInput, "expected an answer for each of " + std::to_string(batch.count) + " samples, found an output of shape " + plain.shape().text());
    const std::int64_t classes = plain.count() / batch.count;
    std::lock_guard lock(m_making);
    if (!m_answers.defined()) m_answers = Tensor(DataType::float32, Shape{m_samples, classes});
    if (m_answers.shape()[1] != classes)
      throw Error(ErrorKind::invalidInput, "expected " + std::to_string(m_answers.shape()[1]) + " answers a sample, found " + std::to_string(classes));
    const auto bytes = plain.bytes();
    std::memcpy(m_answers.writable<float>().data() + batch.first * classes, bytes.data(), bytes.size());
  }
  Tensor take() { return std::move(m_answers); }

 private:
  std::int64_t m_samples;
  std::mutex m_making;
  Tensor m_answers;
};

}  // namespace

Tensor answers(const Candidate& candidate, const BatchSource& data, const Context& context, const Progress& progress) {
  const Network& network = *candidate.network;
  if (network.outputs.empty()) throw Error(ErrorKind::invalidInput, "the network has no output").in(network.file);
  const std::vector<ValueId> wanted{network.outputs.front()};
  RunOptions options;
  options.overlay = candidate.overlay;
  options.transforms = candidate.transforms;
  options.progress = &progress;
  const std::int64_t atOnce = samplesAtOnce(network, data), pieces = (data.count() + atOnce - 1) / atOnce;
  Collected collected(data.count());
  std::atomic<std::int64_t> next{0}, done{0};
  std::atomic<bool> failed{false};
  // Which executor takes which samples depends on timing, what their answers are does not: each executor computes with one thread.
  const auto work = [&](std::int64_t, std::int64_t) {
    Context own = context;
    own.threads = 1;
    Executor executor(network, own);
    try {
      for (std::int64_t index = next++; index < pieces && !failed; index = next++) {
        progress.throwIfStopped();
        const Batch batch = data.samples(index * atOnce, std::min(atOnce, data.count() - index * atOnce));
        collected.add(batch, executor.run(batch.inputs, wanted, options).at(wanted.front()));
        progress.report(static_cast<double>(++done) / static_cast<double>(pieces));
      }
    } catch (...) {
      failed = true;
      throw;
    }
  };
  const auto workers = static_cast<int>(std::clamp<std::int64_t>(context.threads, 1, pieces));
  parallelFor(workers, workers, 1, work);
  return collected.take();
}

Estimate Evaluation::estimate(const std::string& score) const {
  const auto found = perSample.find(score);
  if (found == perSample.end()) {
    std::vector<std::string> known;
    for (const auto& [id, values] : perSample) known.push_back(id);
    throw unknownName("measured score", score, known);
  }
  return estimateOf(found->second);
}

std::int64_t Evaluation::correct() const {
  const auto found = perSample.find("top1");
  if (found == perSample.end()) return -1;
  return std::count(found->second.begin(), found->second.end(), 1.0);
}

Evaluation evaluate(std::span<const Score* const> scores, const Tensor& answers, const BatchSource& data, const Tensor* reference) {
  const auto& all = data.dataset().labels();
  const auto count = static_cast<std::size_t>(data.count());
  const std::span<const std::int64_t> labels = all.empty() ? std::span<const std::int64_t>() : std::span(all).subspan(0, count);
  Evaluation result;
  try {
    for (const Score* score : scores) result.perSample[score->declaration().id] = score->perSample({answers, reference, labels});
  } catch (Error& error) {
    throw std::move(error).in(printable(data.dataset().source()));
  }
  return result;
}

}  // namespace planish
