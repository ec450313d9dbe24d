#include "core/evaluation/answer_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace planish {

std::vector<double> scoreRows(const Score& method, const Score::Answers& answers, const std::function<double(const AnswerRow&)>& score) {
  const std::string id = "score '" + method.declaration().id + "'";
  const Shape& shape = answers.output.shape();
  if (shape.rank() != 2 || shape[1] < 1) throw Error(ErrorKind::invalidInput, id + " expects answers [samples, classes], found shape " + shape.text());
  const auto samples = static_cast<std::size_t>(shape[0]), classes = static_cast<std::size_t>(shape[1]);
  if (method.needsLabels() && answers.labels.empty()) throw Error(ErrorKind::usage, id + " needs labels, and the data has none");
  if (method.needsLabels() && answers.labels.size() != samples)
    throw Error(ErrorKind::invalidInput, id + ": expected " + std::to_string(samples) + " labels, found " + std::to_string(answers.labels.size()));
  if (method.needsReference() && !answers.reference) throw Error(ErrorKind::usage, id + " compares with another network's answers, and none was given");
  if (method.needsReference() && answers.reference->shape() != shape)
    throw Error(ErrorKind::invalidInput, id + ": expected a reference of shape " + shape.text() + ", found " + answers.reference->shape().text());
  const auto output = answers.output.data<float>();
  const auto reference = method.needsReference() ? answers.reference->data<float>() : std::span<const float>();
  std::vector<double> result(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    AnswerRow row{output.subspan(i * classes, classes), reference.empty() ? reference : reference.subspan(i * classes, classes), -1};
    if (method.needsLabels()) {
      row.label = answers.labels[i];
      if (row.label < 0 || row.label >= shape[1])
        throw Error(ErrorKind::invalidInput, id + ": expected labels from 0 to " + std::to_string(classes - 1) + ", found " + std::to_string(row.label))
            .at("sample " + std::to_string(i))
            .remedy("the network has " + std::to_string(classes) + " classes; check that data and network belong together");
    }
    result[i] = score(row);
  }
  return result;
}

double logSumExp(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

std::int64_t firstMaximum(std::span<const float> values) {
  std::int64_t best = -1;
  float largest = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] > largest) {
      largest = values[i];
      best = static_cast<std::int64_t>(i);
    }
  return best;
}

}  // namespace planish
