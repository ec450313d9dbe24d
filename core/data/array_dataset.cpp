#include "core/data/array_dataset.h"

#include "core/base/sha256.h"

#include <algorithm>
#include <array>

namespace planish {
namespace {

constexpr std::array<std::string_view, 4> kSampleNames{"x", "images", "data", "inputs"};
constexpr std::array<std::string_view, 3> kLabelNames{"y", "labels", "targets"};
constexpr std::array<std::string_view, 4> kPrefixes{"", "test_", "train_", "val_"};

/// A part of another tensor's bytes, which it keeps alive.
class SliceStorage : public Storage {
 public:
  SliceStorage(Tensor whole, std::int64_t offset, std::int64_t size) : m_whole(std::move(whole)), m_offset(offset), m_size(size) {}
  const std::byte* bytes() const override { return m_whole.bytes().data() + m_offset; }
  std::int64_t size() const override { return m_size; }

 private:
  Tensor m_whole;
  std::int64_t m_offset, m_size;
};

const NamedArray* find(const std::vector<NamedArray>& arrays, std::string_view name) {
  for (const auto& array : arrays)
    if (array.name == name) return &array;
  return nullptr;
}

std::vector<std::string> names(const std::vector<NamedArray>& arrays) {
  std::vector<std::string> result;
  for (const auto& array : arrays) result.push_back(printable(array.name));
  return result;
}

template <std::size_t N>
const NamedArray* findFirst(const std::vector<NamedArray>& arrays, std::string_view prefix, const std::array<std::string_view, N>& stems) {
  for (const auto stem : stems)
    if (const auto* found = find(arrays, std::string(prefix) + std::string(stem))) return found;
  return nullptr;
}

const NamedArray& chooseSamples(const DatasetRequest& request, const std::vector<NamedArray>& arrays, const std::string& file) {
  if (!request.x.empty()) {
    if (const auto* found = find(arrays, request.x)) return *found;
    throw unknownName("array", request.x, names(arrays)).in(file);
  }
  for (const auto prefix : kPrefixes)
    if (const auto* found = findFirst(arrays, prefix, kSampleNames)) return *found;
  if (arrays.size() == 1) return arrays.front();
  std::string known;
  for (const auto& name : names(arrays)) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorKind::usage, "expected an array named x, images, data or inputs, found: " + (known.empty() ? "no arrays of numbers" : known))
      .in(file)
      .remedy("name the array of samples with --x");
}

const NamedArray* chooseLabels(const DatasetRequest& request, const std::vector<NamedArray>& arrays, const std::string& samples, const std::string& file) {
  if (!request.y.empty()) {
    if (const auto* found = find(arrays, request.y)) return found;
    throw unknownName("array", request.y, names(arrays)).in(file);
  }
  for (const auto stem : kSampleNames) {
    if (!samples.ends_with(stem)) continue;
    const auto prefix = std::string_view(samples).substr(0, samples.size() - stem.size());
    if (prefix.empty() || prefix.ends_with('_') || prefix.ends_with('/')) return findFirst(arrays, prefix, kLabelNames);
  }
  for (const auto prefix : kPrefixes)
    if (const auto* found = findFirst(arrays, prefix, kLabelNames)) return found;
  return nullptr;
}

std::int64_t countOf(const NamedArray& array) { return array.tensor.shape().rank() == 0 ? -1 : array.tensor.shape()[0]; }

}  // namespace

std::vector<std::int64_t> labelsFrom(const NamedArray& array, std::int64_t count, const std::string& samplesName, const std::string& file) {
  const Shape& shape = array.tensor.shape();
  const std::string at = "array '" + printable(array.name) + "'";
  if (!(isInteger(array.tensor.type()) || array.tensor.type() == DataType::boolean))
    throw Error(ErrorKind::invalidInput, "expected whole numbers as labels, found type " + std::string(name(array.tensor.type()))).in(file).at(at);
  if (!(shape.rank() == 1 || (shape.rank() == 2 && shape[1] == 1)))
    throw Error(ErrorKind::invalidInput, "expected one label a sample, found shape " + shape.text()).in(file).at(at);
  if (shape[0] != count)
    throw Error(ErrorKind::invalidInput,
                "expected as many labels as samples: '" + printable(samplesName) + "' has " + std::to_string(count) + " samples, found " + std::to_string(shape[0]) + " labels")
        .in(file)
        .at(at);
  return toIntegers(array.tensor);
}

ArrayDataset::ArrayDataset(const DatasetRequest& request, std::vector<NamedArray> arrays, Order order, std::vector<std::string> classNames)
    : m_source(request.path.string()), m_classNames(std::move(classNames)), m_order(order) {
  const std::string file = printable(m_source);
  const NamedArray samples = chooseSamples(request, arrays, file);
  m_count = countOf(samples);
  if (m_count <= 0 || samples.tensor.count() == 0)
    throw Error(ErrorKind::invalidInput, "expected samples along the first axis, found shape " + samples.tensor.shape().text())
        .in(file)
        .at("array '" + printable(samples.name) + "'");
  const NamedArray* labels = chooseLabels(request, arrays, samples.name, file);
  if (labels) m_labels = labelsFrom(*labels, m_count, samples.name, file);
  m_arrays.push_back(samples);
  for (auto& array : arrays)
    if (array.name != samples.name && (!labels || array.name != labels->name) && countOf(array) == m_count) m_arrays.push_back(array);
}

std::vector<std::string> ArrayDataset::arrays() const {
  std::vector<std::string> result;
  for (const auto& array : m_arrays) result.push_back(array.name);
  return result;
}

Tensor ArrayDataset::sample(std::string_view array, std::int64_t index) const {
  const NamedArray* found = find(m_arrays, array);
  if (!found) throw unknownName("array", array, names(m_arrays)).in(printable(m_source));
  if (index < 0 || index >= m_count) throw Error(ErrorKind::failed, "sample " + std::to_string(index) + " of " + std::to_string(m_count) + " was asked for");
  const auto& dims = found->tensor.shape().dims();
  const Shape shape(std::vector<std::int64_t>(dims.begin() + 1, dims.end()));
  const std::int64_t size = found->tensor.byteSize() / m_count;
  return Tensor(found->tensor.type(), shape, std::make_shared<SliceStorage>(found->tensor, index * size, size));
}

std::string ArrayDataset::fingerprint() const {
  std::call_once(m_hashing, [this] {
    Sha256 hash;
    for (const auto& array : m_arrays) {
      hash.add(std::to_string(array.name.size()) + ":" + array.name + " " + std::string(name(array.tensor.type())) + array.tensor.shape().text());
      hash.add(array.tensor.bytes());
    }
    hash.add("labels " + std::to_string(m_labels.size()));
    hash.add(std::as_bytes(std::span(m_labels)));
    m_fingerprint = hash.hexDigest();
  });
  return m_fingerprint;
}

}  // namespace planish
