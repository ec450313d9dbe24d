#include "core/data/batch_source.h"

#include "core/base/sha256.h"
#include "core/data/preprocessor.h"

#include <algorithm>
#include <cstring>

namespace planish {
namespace {

std::string listOf(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text;
}

std::string textOf(const std::vector<std::int64_t>& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + (dims[i] < 0 ? std::string("any") : std::to_string(dims[i]));
  return text + "]";
}

bool fits(const Shape& shape, const std::vector<std::int64_t>& expected) {
  if (shape.rank() != static_cast<int>(expected.size())) return false;
  for (int i = 0; i < shape.rank(); ++i)
    if (expected[static_cast<std::size_t>(i)] >= 0 && expected[static_cast<std::size_t>(i)] != shape[i]) return false;
  return true;
}

bool likeChannels(std::int64_t count) { return count == 1 || count == 3 || count == 4; }

/// Where the channels of a three-axes sample stand: as the data says, else as the network's channel count or the usual counts tell.
bool isChannelsLast(Dataset::Order order, const Tensor& sample, std::int64_t wantedChannels) {
  if (order != Dataset::Order::unknown) return order == Dataset::Order::channelsLast;
  if (sample.shape().rank() != 3) return false;
  const std::int64_t first = sample.shape()[0], last = sample.shape()[2];
  if (wantedChannels > 0 && (first == wantedChannels) != (last == wantedChannels)) return last == wantedChannels;
  if (likeChannels(first) != likeChannels(last)) return likeChannels(last);
  return sample.type() == DataType::uint8;
}

}  // namespace

BatchSource::BatchSource(const Network& network, std::shared_ptr<const Dataset> data, Preprocessing how, std::int64_t limit, std::int64_t batch)
    : m_data(std::move(data)), m_how(std::move(how)), m_count(m_data->count()), m_batch(batch) {
  if (limit == 0) throw Error(ErrorKind::usage, "a limit of 0 samples leaves nothing to run");
  if (batch < 1) throw Error(ErrorKind::usage, "expected a batch of at least one sample, found " + std::to_string(batch));
  if (limit > 0) m_count = std::min(m_count, limit);
  const auto& labels = m_data->labels();
  if (!labels.empty() && static_cast<std::int64_t>(labels.size()) != m_data->count())
    throw Error(ErrorKind::invalidInput, "expected as many labels as samples, found " + std::to_string(labels.size()) + " labels and " + std::to_string(m_data->count()) + " samples")
        .in(printable(m_data->source()));
  bind(network);
  fixBatch(network);
  m_batch = std::min(m_batch, std::max<std::int64_t>(1, m_count));
  for (auto& binding : m_bindings) prepare(binding);
}

void BatchSource::bind(const Network& network) {
  const auto arrays = m_data->arrays();
  std::vector<std::string> inputs, open;
  for (const ValueId id : network.inputs) inputs.push_back(network.value(id).name);
  for (const auto& [input, array] : m_how.inputs) {
    if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) throw unknownName("network input", input, inputs);
    if (std::find(arrays.begin(), arrays.end(), array) == arrays.end()) throw unknownName("array", array, arrays).in(printable(m_data->source()));
  }
  for (const ValueId id : network.inputs) {
    const Value& value = network.value(id);
    Binding binding;
    binding.input = id;
    binding.name = value.name;
    if (value.type != DataType::undefined) binding.type = value.type;
    binding.ranked = value.ranked;
    if (value.ranked) {
      if (value.declaredShape.empty())
        throw Error(ErrorKind::unsupported, "network input '" + printable(value.name) + "' is a single number; inputs need a batch axis").in(network.file);
      binding.expected.assign(value.declaredShape.begin() + 1, value.declaredShape.end());
    }
    if (const auto given = m_how.inputs.find(value.name); given != m_how.inputs.end()) binding.array = given->second;
    else if (network.inputs.size() > 1 && std::find(arrays.begin(), arrays.end(), value.name) != arrays.end()) binding.array = value.name;
    else open.push_back(value.name);
    m_bindings.push_back(std::move(binding));
  }
  if (open.size() > 1)
    throw Error(ErrorKind::usage, "network inputs " + listOf(open) + " have no data; arrays of the data: " + listOf(arrays))
        .in(printable(m_data->source()))
        .remedy("name an array for each with \"inputs\" of the preprocessing");
  for (auto& binding : m_bindings)
    if (binding.array.empty()) binding.array = arrays.at(0);
}

void BatchSource::fixBatch(const Network& network) {
  for (const auto& binding : m_bindings) {
    const Value& value = network.value(binding.input);
    if (!value.ranked || value.declaredShape[0] < 1) continue;
    m_batch = value.declaredShape[0];
    const std::int64_t rest = m_count % m_batch;
    if (rest == 0) continue;
    if (rest == m_count)
      throw Error(ErrorKind::usage, "the network takes exactly " + std::to_string(m_batch) + " samples at a time, found " + std::to_string(m_count)).in(printable(m_data->source()));
    m_warnings.push_back("the network takes exactly " + std::to_string(m_batch) + " samples at a time: the last " + std::to_string(rest) + " are left out");
    m_count -= rest;
  }
}

void BatchSource::prepare(Binding& binding) {
  const Tensor sample = m_data->sample(binding.array, 0);
  const int rank = sample.shape().rank();
  const bool whole = isInteger(sample.type()) || sample.type() == DataType::boolean;
  const bool declaresMore = !m_how.layout.empty() || !m_how.channels.empty() || !m_how.resize.empty() || !m_how.crop.empty();
  // Token ids, masks and the like: the network reads whole numbers.
  if (!isFloating(binding.type)) {
    if (!whole)
      throw Error(ErrorKind::invalidInput, "network input '" + printable(binding.name) + "' reads " + std::string(name(binding.type)) + ", found " + std::string(name(sample.type())))
          .in(printable(m_data->source()))
          .at("array '" + printable(binding.array) + "'");
  } else {
    const bool picture = rank == 3 ? !binding.ranked || binding.expected.size() == 3
                                   : rank == 2 && (binding.ranked ? binding.expected.size() == 3 : sample.type() == DataType::uint8 || declaresMore);
    const std::int64_t channels = binding.ranked && binding.expected.size() == 3 ? binding.expected[0] : -1;
    binding.steps = std::make_shared<const Preprocessor>(m_how, SampleForm{picture, isChannelsLast(m_data->order(), sample, channels)});
    if (sample.type() == DataType::uint8 && m_how.scale == 1 && m_how.mean.empty() && m_how.std.empty())
      m_warnings.push_back("network input '" + printable(binding.name) + "' gets the values 0..255 as they are stored; give scale, mean and std if it was trained on others");
  }
  sampleShape(binding, sample, 0);
}

Shape BatchSource::sampleShape(const Binding& binding, const Tensor& sample, std::int64_t index) const {
  const Shape shape = binding.steps ? binding.steps->outputShape(sample.shape()) : sample.shape();
  if (!binding.ranked || fits(shape, binding.expected)) return shape;
  throw Error(ErrorKind::invalidInput, "network input '" + printable(binding.name) + "' expects samples of shape " + textOf(binding.expected) + ", found " + shape.text() +
                                           (shape == sample.shape() ? "" : " (stored as " + sample.shape().text() + ")"))
      .in(printable(m_data->source()))
      .at("array '" + printable(binding.array) + "', sample " + std::to_string(index))
      .remedy("set layout, channels, resize or crop of the preprocessing");
}

Tensor BatchSource::fill(const Binding& binding, std::int64_t first, std::int64_t count) const {
  Tensor result;
  Shape shape;
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor sample = m_data->sample(binding.array, first + i);
    const Shape found = sampleShape(binding, sample, first + i);
    if (i == 0) {
      shape = found;
      std::vector<std::int64_t> dims{count};
      dims.insert(dims.end(), shape.dims().begin(), shape.dims().end());
      result = Tensor(binding.steps ? DataType::float32 : sample.type(), Shape(dims));
    } else if (found != shape) {
      throw Error(ErrorKind::invalidInput, "expected samples of one shape, found " + shape.text() + " and " + found.text())
          .in(printable(m_data->source()))
          .at("array '" + printable(binding.array) + "', sample " + std::to_string(first + i))
          .remedy("resize and crop them in the preprocessing");
    }
    const auto size = static_cast<std::size_t>(shape.count());
    if (binding.steps) {
      binding.steps->run(sample, result.writable<float>().subspan(static_cast<std::size_t>(i) * size, size));
    } else {
      const auto bytes = sample.bytes();
      std::memcpy(result.writableBytes().data() + static_cast<std::size_t>(i) * bytes.size(), bytes.data(), bytes.size());
    }
  }
  return cast(result, binding.type);
}

Batch BatchSource::samples(std::int64_t first, std::int64_t count) const {
  if (first < 0 || count < 1 || first > m_count - count)
    throw Error(ErrorKind::failed, "samples " + std::to_string(first) + " to " + std::to_string(first + count) + " of " + std::to_string(m_count) + " were asked for");
  Batch batch;
  batch.first = first;
  batch.count = count;
  for (const auto& binding : m_bindings) batch.inputs[binding.input] = fill(binding, first, count);
  if (const auto& labels = m_data->labels(); !labels.empty()) batch.labels.assign(labels.begin() + first, labels.begin() + first + count);
  return batch;
}

Batch BatchSource::batch(std::int64_t index) const {
  const std::int64_t first = index * m_batch;
  return samples(first, std::min(m_batch, m_count - first));
}

bool BatchSource::hasLabels() const { return !m_data->labels().empty(); }

std::string BatchSource::fingerprint() const {
  std::string text = m_data->fingerprint() + "\n" + m_how.toJson() + "\n" + std::to_string(m_count);
  for (const auto& binding : m_bindings) text += "\n" + binding.name + "=" + binding.array;
  return sha256Hex(text);
}

}  // namespace planish
