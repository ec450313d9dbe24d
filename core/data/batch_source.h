#pragma once

#include "core/compute/executor.h"
#include "core/data/dataset.h"
#include "core/data/preprocessing.h"

#include <memory>

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
  const Network* m_network;
  std::shared_ptr<const Dataset> m_data;
  Preprocessing m_how;
  std::int64_t m_count, m_batch;
  std::map<ValueId, std::string> m_bindings;
  std::vector<std::string> m_warnings;
};

}  // namespace planish
