#pragma once

#include "core/data/dataset.h"

#include <mutex>
#include <string>
#include <vector>

namespace planish {

/// An array of a file whose first axis runs over samples. The tensor may be read when first used.
struct NamedArray {
  std::string name;
  Tensor tensor;
};

/// Samples along the first axis of arrays: what .npz, IDX, CIFAR and HDF5 files hold.
class ArrayDataset : public Dataset {
 public:
  /// Picks samples and labels by the names of the request, else by the defaults (x images data inputs; y labels targets; also with the
  /// prefixes test_ train_ val_, labels with the prefix of the samples). Other arrays with as many entries stay available to networks
  /// with several inputs. Throws Error(usage) for a name that is not there, Error(invalidInput) where counts or types do not fit.
  ArrayDataset(const DatasetRequest& request, std::vector<NamedArray> arrays, Order order = Order::unknown, std::vector<std::string> classNames = {});

  std::int64_t count() const override { return m_count; }
  std::vector<std::string> arrays() const override;
  Tensor sample(std::string_view array, std::int64_t index) const override;
  const std::vector<std::int64_t>& labels() const override { return m_labels; }
  std::vector<std::string> classNames() const override { return m_classNames; }
  Order order() const override { return m_order; }
  std::string fingerprint() const override;
  std::string source() const override { return m_source; }

 private:
  std::string m_source;
  std::vector<NamedArray> m_arrays;  ///< the samples first
  std::vector<std::int64_t> m_labels;
  std::vector<std::string> m_classNames;
  Order m_order;
  std::int64_t m_count = 0;
  mutable std::once_flag m_hashing;
  mutable std::string m_fingerprint;
};

/// `count` class numbers from an integer tensor [count] or [count, 1]; throws Error(invalidInput) naming both counts otherwise.
std::vector<std::int64_t> labelsFrom(const NamedArray& array, std::int64_t count, const std::string& samplesName, const std::string& file);

}  // namespace planish
