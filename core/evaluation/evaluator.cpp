#include "core/evaluation/evaluator.h"

#include "core/base/parallel.h"
#include "core/compute/device_library.h"
#include "core/evaluation/samples_at_once.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

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

/// Runs samples with one executor and hands their answers over. A device's answers are read when the next samples are on their way; where
/// its memory does not suffice for so many at one time, they are halved until it does.
class SampleRunner {
 public:
  SampleRunner(const Network& network, const Context& context, const std::vector<ValueId>& wanted, const RunOptions& options, Collected& collected)
      : m_executor(network, context), m_wanted(wanted), m_options(options), m_collected(collected), m_onDevice(context.device.kind != DeviceKind::cpu),
        m_fixed(hasFixedBatch(network)), m_device(context.device.index) {}

  void run(const BatchSource& data, std::int64_t first, std::int64_t count) {
    for (std::int64_t done = 0; done < count;) {
      const std::int64_t part = m_fixed ? count : std::min(m_most, count - done);
      try {
        const Batch batch = data.samples(first + done, part);
        Tensor output = m_executor.run(batch.inputs, m_wanted, m_options).at(m_wanted.front());
        if (m_onDevice && !std::exchange(m_told, true))
          if (const std::string text = m_executor.offDeviceSummary(); !text.empty()) m_options.progress->warn(text);
        finish();
        m_before.emplace(batch, std::move(output));
        if (!m_onDevice) finish();
        done += part;
      } catch (const Error& error) {
        if (!m_onDevice || m_fixed || error.kind() != ErrorKind::outOfMemory || part <= 1) throw;
        finish();
        m_most = part / 2;
        deviceLibrary().engines->trim(m_device);
        m_options.progress->warn("the device has no memory for " + std::to_string(part) + " samples at a time: going on with " + std::to_string(m_most));
      }
    }
  }

  void finish() {
    if (!m_before) return;
    m_collected.add(m_before->first, m_before->second);
    m_before.reset();
  }

 private:
  Executor m_executor;
  const std::vector<ValueId>& m_wanted;
  const RunOptions& m_options;
  Collected& m_collected;
  bool m_onDevice, m_fixed, m_told = false;
  int m_device;
  std::int64_t m_most = std::numeric_limits<std::int64_t>::max();
  std::optional<std::pair<Batch, Tensor>> m_before;  ///< answers that are not read yet
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
  const std::int64_t atOnce = samplesAtOnce(network, data, context), pieces = (data.count() + atOnce - 1) / atOnce;
  Collected collected(data.count());
  std::atomic<std::int64_t> next{0}, done{0};
  std::atomic<bool> failed{false};
  // Which executor takes which samples depends on timing, what their answers are does not: each executor computes with one thread.
  const auto work = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t worker = begin; worker < end; ++worker) {
      SampleRunner runner(network, executorContext(context, static_cast<int>(worker)), wanted, options, collected);
      try {
        for (std::int64_t index = next++; index < pieces && !failed; index = next++) {
          progress.throwIfStopped();
          runner.run(data, index * atOnce, std::min(atOnce, data.count() - index * atOnce));
          progress.report(static_cast<double>(++done) / static_cast<double>(pieces));
        }
        runner.finish();
      } catch (...) {
        failed = true;
        throw;
      }
    }
  };
  const int workers = executorCount(context, pieces);
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
