#pragma once

#include "core/compute/executor.h"
#include "core/data/dataset.h"
#include "core/data/preprocessing.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace planish {

/// Some samples, ready for the network.
struct Batch {
  std::int64_t first = 0, count = 0;
  ValueMap inputs;
  std::vector<std::int64_t> labels;  ///< empty if the data has none
};

/// Feeds a network from a dataset: binds arrays to network inputs, preprocesses, cuts into batches. Thread-safe.
class BatchSource {
 public:
  /// `limit` < 0: all. Throws Error(usage | invalidInput) if inputs cannot be bound or the first sample does not fit the network's
  /// input: expected and found shape, and what of the preprocessing to change. Values that go in raw as uint8 earn a text in warnings().
  /// A network that declares how many samples it takes at a time gets exactly that many; a rest that does not fill a batch is left out with
  /// a warning. A network input without a batch axis is refused.
  BatchSource(const Network& network, std::shared_ptr<const Dataset> data, Preprocessing how, std::int64_t limit = -1, std::int64_t batch = 64);

  std::int64_t count() const { return m_count; }
  std::int64_t batchSize() const { return m_batch; }
  std::int64_t batchCount() const { return (m_count + m_batch - 1) / m_batch; }
  Batch batch(std::int64_t index) const;
  Batch samples(std::int64_t first, std::int64_t count) const;
  /// The first `count` samples as a source of their own.
  BatchSource first(std::int64_t count) const {
    BatchSource some = *this;
    some.m_count = count < m_count ? count : m_count;
    return some;
  }
  bool hasLabels() const;
  const std::vector<std::string>& warnings() const { return m_warnings; }
  const Dataset& dataset() const { return *m_data; }
  const std::shared_ptr<const Dataset>& sharedDataset() const { return m_data; }
  const Preprocessing& preprocessing() const { return m_how; }
  /// SHA-256 of data, preprocessing and limit: two sources with one fingerprint feed the same numbers.
  std::string fingerprint() const;

 private:
  /// One network input and where its numbers come from.
  struct Binding {
    ValueId input;
    std::string name, array;
    std::vector<std::int64_t> expected;       ///< shape of a sample as the network declares it, -1 where it is free
    bool ranked = false;
    DataType type = DataType::float32;        ///< what the network reads
    std::shared_ptr<const class Preprocessor> steps;  ///< nullptr: whole numbers that go in as they are
  };

  void bind(const Network& network);
  void prepare(Binding& binding);
  void fixBatch(const Network& network);
  Tensor fill(const Binding& binding, std::int64_t first, std::int64_t count) const;
  Shape sampleShape(const Binding& binding, const Tensor& sample, std::int64_t index) const;

  std::shared_ptr<const Dataset> m_data;
  Preprocessing m_how;
  std::int64_t m_count, m_batch;
  std::vector<Binding> m_bindings;
  std::vector<std::string> m_warnings;
};

}  // namespace planish
