#include "core/statistics/statistics.h"

#include "core/base/parallel.h"
#include "core/compute/device_library.h"
#include "core/compute/operations/window.h"
#include "core/evaluation/samples_at_once.h"
#include "core/statistics/batch_order.h"
#include "core/statistics/channel_moments.h"
#include "core/statistics/gram.h"
#include "core/statistics/input_columns.h"
#include "core/statistics/value_summary.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <new>
#include <optional>
#include <set>

namespace planish {
namespace {

/// Everything that is summed about one value.
struct ValueSum {
  StatisticsNeeds needs;
  std::int64_t samples = 0;
  Histogram histogram;
  ChannelMoments moments;
};

/// Everything that is summed about one way of reading a value.
struct InputSum {
  InputGeometry geometry;
  StatisticsNeeds needs;
  std::vector<LayerId> layers;
  InputStatistics sums;  ///< meanSquare holds sums until the end
  std::unique_ptr<DeviceInputGram> onDevice;
};

/// How a device reads the vectors of a layer; nothing where only the processor can.
std::optional<DeviceInputWindow> deviceWindow(const InputGeometry& geometry, const Shape& shape) {
  DeviceInputWindow window;
  window.columns = geometry.columns;
  window.groups = geometry.groups;
  if (geometry.kind == InputGeometry::Kind::rows) {
    if (geometry.transposed || shape.rank() == 0 || shape[-1] != geometry.columns) return {};
    return window;
  }
  const int spatial = static_cast<int>(geometry.kernel.size());
  if (geometry.kind != InputGeometry::Kind::convolution || spatial > 2 || shape.rank() != spatial + 2) return {};
  Attributes attributes;
  attributes.set("strides", geometry.strides);
  attributes.set("dilations", geometry.dilations);
  attributes.set("pads", geometry.pads);
  attributes.set("auto_pad", geometry.autoPad);
  const auto w = operations::slidingWindow(attributes, shape, geometry.kernel).inThree();
  window.patches = true;
  window.kernelHeight = w.kernel[1], window.kernelWidth = w.kernel[2];
  window.strideY = w.strides[1], window.strideX = w.strides[2];
  window.dilationY = w.dilations[1], window.dilationX = w.dilations[2];
  window.top = w.before[1], window.left = w.before[2];
  window.outHeight = w.output[1], window.outWidth = w.output[2];
  return window;
}

void addTo(std::vector<double>& sums, const std::vector<double>& part) {
  if (sums.empty()) sums.resize(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) sums[i] += part[i];
}

/// The sums of one pass and what each batch adds to them.
class Collection {
 public:
  Collection(const Network& network, const Layers& layers, const std::map<LayerId, StatisticsNeeds>& layerNeeds, const std::map<ValueId, StatisticsNeeds>& valueNeeds)
      : m_network(network) {
    for (const auto& [id, needs] : valueNeeds) addValue(id, needs);
    std::map<InputGeometry, std::size_t> known;
    for (const auto& [id, needs] : layerNeeds) {
      const Layer& layer = layers[id];
      if (layer.input.valid()) addValue(layer.input, needs);
      if (!needs.gram && !needs.inputSquares) continue;
      const auto geometry = geometryOf(network, layer);
      if (!geometry) continue;
      const auto [place, isNew] = known.emplace(*geometry, m_inputs.size());
      if (isNew) m_inputs.push_back({*geometry, {}, {}, {}});
      m_inputs[place->second].needs = m_inputs[place->second].needs | needs;
      m_inputs[place->second].layers.push_back(id);
    }
    for (std::size_t i = 0; i < m_inputs.size(); ++i) m_readers[m_inputs[i].geometry.input].push_back(i);
    for (const auto& [id, sum] : m_values) m_place.emplace(id, m_place.size());
  }

  std::size_t sumCount() const { return m_values.size() + m_inputs.size(); }

  std::vector<ValueId> observed() const {
    std::set<ValueId> ids;
    for (const auto& [id, sum] : m_values) ids.insert(id);
    for (const auto& [id, readers] : m_readers) ids.insert(id);
    return {ids.begin(), ids.end()};
  }

  /// Whether every sum can be made on devices; add() then has to be called for one batch after another of each value.
  bool fitsDevice() const {
    return m_values.empty() && std::all_of(m_inputs.begin(), m_inputs.end(), [](const InputSum& input) {
             const bool few = input.geometry.groups <= 16, taps = input.geometry.columns == 9 && input.geometry.kernel == std::vector<std::int64_t>{3, 3};
             return input.geometry.kind != InputGeometry::Kind::transposedConvolution && !input.geometry.transposed && input.geometry.kernel.size() <= 2 && (few || taps);
           });
  }
  /// Values take turns with the workers, one a device.
  void useDevices(int workers) {
    m_useDevice = true;
    int next = 0;
    for (const auto& [id, readers] : m_readers) m_worker[id] = next++ % workers;
  }
  bool isOf(int worker, ValueId id) const {
    const auto found = m_worker.find(id);
    return found == m_worker.end() || found->second == worker;
  }
  /// Reads the sums that this worker made on its device.
  void readDevices(int worker) {
    for (auto& input : m_inputs)
      if (input.onDevice && isOf(worker, input.geometry.input)) {
        readDevice(input);
        input.onDevice.reset();
      }
  }

  /// Called by several threads for different batches.
  void add(ValueId id, const Tensor& given, const Batch& batch, std::int64_t index, BatchOrder& order) {
    if (!isFloating(given.type())) {
      skip(id, index, order);
      return;
    }
    if (m_useDevice && given.device().kind != DeviceKind::cpu && addOnDevice(id, given)) return;
    const Tensor value = toFloat(given);
    checkFinite(id, value, batch);
    if (const auto found = m_values.find(id); found != m_values.end()) {
      ValueSum part;
      if (found->second.needs.ranges) part.histogram.add(value.data<float>());
      if (found->second.needs.channels) part.moments.add(value, axisOf(id, value.shape().rank()));
      order.add(m_place.at(id), index, [&] {
        found->second.samples += batch.count;
        found->second.histogram.merge(part.histogram);
        found->second.moments.merge(part.moments);
      });
    }
    if (const auto readers = m_readers.find(id); readers != m_readers.end())
      for (const std::size_t reader : readers->second) addInput(reader, value, index, order);
  }

  Statistics finish() {
    Statistics result;
    for (const auto& [id, sum] : m_values) {
      auto& value = result.values[id];
      value.samples = sum.samples;
      if (sum.needs.ranges) sum.histogram.finish(value);
      if (sum.needs.channels)
        for (std::size_t c = 0; c < sum.moments.channels(); ++c) {
          value.channelMean.push_back(sum.moments.mean(c));
          value.channelVariance.push_back(sum.moments.variance(c));
        }
    }
    for (auto& input : m_inputs) {
      for (double& square : input.sums.meanSquare) square /= static_cast<double>(std::max<std::int64_t>(1, input.sums.rows));
      const auto shared = std::make_shared<const InputStatistics>(std::move(input.sums));
      for (const LayerId layer : input.layers) result.inputs[layer] = shared;
    }
    return result;
  }

 private:
  void addValue(ValueId id, const StatisticsNeeds& needs) {
    if (!needs.ranges && !needs.channels) return;
    auto& sum = m_values[id];
    sum.needs = sum.needs | needs;
  }

  /// Whole numbers (token ids) have no statistics, but their turn passes.
  void skip(ValueId id, std::int64_t index, BatchOrder& order) {
    if (const auto place = m_place.find(id); place != m_place.end()) order.add(place->second, index, [] {});
    if (const auto readers = m_readers.find(id); readers != m_readers.end())
      for (const std::size_t reader : readers->second) order.add(m_values.size() + reader, index, [] {});
  }

  /// False, with nothing added, if the processor has to.
  bool addOnDevice(ValueId id, const Tensor& value) {
    if (value.type() != DataType::float32) return false;
    const auto& readers = m_readers.at(id);
    std::vector<DeviceInputWindow> windows;
    for (const std::size_t reader : readers) {
      InputSum& input = m_inputs[reader];
      const auto window = deviceWindow(input.geometry, value.shape());
      if (!window) return false;
      if (!input.onDevice) input.onDevice = deviceLibrary().engines->inputGram(value.device().index, *window);
      if (!input.onDevice) return false;
      windows.push_back(*window);
    }
    for (std::size_t i = 0; i < readers.size(); ++i) m_inputs[readers[i]].onDevice->add(value, windows[i]);
    return true;
  }

  void readDevice(InputSum& input) {
    auto gram = input.onDevice->read();
    const auto size = static_cast<std::size_t>(input.geometry.columns);
    std::vector<double> squares;
    for (std::size_t at = 0; at < gram.size(); at += size * size)
      for (std::size_t i = 0; i < size; ++i) squares.push_back(gram[at + i * size + i]);
    for (const double square : squares)
      if (!std::isfinite(square))
        throw Error(ErrorKind::invalidInput, "value '" + printable(m_network.value(input.geometry.input).name) + "' is not finite for a sample")
            .in(m_network.file)
            .remedy("take the sample out of the calibration data, or check its preprocessing; the CPU tells which sample it is");
    input.sums.rows += input.onDevice->rows();
    addTo(input.sums.meanSquare, squares);
    if (input.needs.gram) {
      if (input.sums.gram.empty()) input.sums.gram = std::move(gram);
      else addTo(input.sums.gram, gram);
    }
  }

  void addInput(std::size_t reader, const Tensor& value, std::int64_t index, BatchOrder& order) {
    InputSum& input = m_inputs[reader];
    const InputColumns columns(input.geometry, value);
    const std::int64_t size = input.geometry.columns;
    std::vector<double> gram, squares;
    for (std::int64_t group = 0; group < input.geometry.groups; ++group) {
      if (input.needs.gram) {
        const auto part = gramOf(columns, group, size);
        for (std::int64_t i = 0; i < size; ++i) squares.push_back(part[static_cast<std::size_t>(i * size + i)]);
        gram.insert(gram.end(), part.begin(), part.end());
      } else {
        const auto part = squareSumsOf(columns, group, size);
        squares.insert(squares.end(), part.begin(), part.end());
      }
    }
    order.add(m_values.size() + reader, index, [&] {
      input.sums.rows += columns.rows();
      addTo(input.sums.meanSquare, squares);
      if (input.needs.gram) addTo(input.sums.gram, gram);
    });
  }

  void checkFinite(ValueId id, const Tensor& value, const Batch& batch) const {
    const auto data = value.data<float>();
    float sum = 0;
    for (const float number : data) sum += number * 0.0f;  // NaN if any is not finite
    if (sum == 0) return;
    const auto bad = static_cast<std::int64_t>(std::find_if(data.begin(), data.end(), [](float number) { return !std::isfinite(number); }) - data.begin());
    const bool bySample = value.shape().rank() > 0 && value.shape()[0] == batch.count;
    const std::int64_t sample = bySample ? bad / (value.count() / batch.count) : 0;
    throw Error(ErrorKind::invalidInput, "value '" + printable(m_network.value(id).name) + "' is not finite for sample " + std::to_string(batch.first + sample))
        .in(m_network.file)
        .remedy("take the sample out of the calibration data, or check its preprocessing");
  }

  int axisOf(ValueId id, int rank) {
    std::lock_guard lock(m_looking);
    const auto [found, isNew] = m_axes.emplace(id, 0);
    if (isNew) found->second = channelAxis(m_network, id, rank);
    return found->second;
  }

  const Network& m_network;
  std::map<ValueId, ValueSum> m_values;
  std::map<ValueId, std::size_t> m_place;
  std::vector<InputSum> m_inputs;
  std::map<ValueId, std::vector<std::size_t>> m_readers;
  std::mutex m_looking;
  std::map<ValueId, int> m_axes;
  bool m_useDevice = false;
  std::map<ValueId, int> m_worker;  ///< by value that devices make sums of
};

/// Runs one batch and gives the collection what it observes.
void runBatch(Executor& executor, Collection& collection, const Batch& batch, std::int64_t index, const RunOptions& given, BatchOrder& order, int worker) {
  RunOptions options = given;
  options.observed.clear();
  for (const ValueId id : collection.observed()) {
    const auto input = batch.inputs.find(id);
    if (input == batch.inputs.end()) {
      options.observed.push_back(id);
      continue;
    }
    if (!collection.isOf(worker, id)) continue;
    const bool changed = options.transforms && options.transforms->count(id);
    collection.add(id, changed ? options.transforms->at(id)(input->second, {}) : input->second, batch, index, order);
  }
  options.hook = [&](ValueId id, const Tensor& value) {
    if (collection.isOf(worker, id)) collection.add(id, value, batch, index, order);
  };
  if (!options.observed.empty()) executor.run(batch.inputs, {}, options);
}

}  // namespace

StatisticsNeeds StatisticsNeeds::operator|(const StatisticsNeeds& other) const {
  return {ranges || other.ranges, channels || other.channels, inputSquares || other.inputSquares, gram || other.gram};
}

const InputStatistics* Statistics::input(LayerId layer) const {
  const auto found = inputs.find(layer);
  return found == inputs.end() ? nullptr : found->second.get();
}

const ValueStatistics* Statistics::value(ValueId id) const {
  const auto found = values.find(id);
  return found == values.end() ? nullptr : &found->second;
}

Statistics collectStatistics(const Network& network, const Layers& layers, const std::map<LayerId, StatisticsNeeds>& layerNeeds,
                             const std::map<ValueId, StatisticsNeeds>& valueNeeds, const BatchSource& data, const RunOptions& options, const Context& context,
                             const Progress& progress) {
  Collection collection(network, layers, layerNeeds, valueNeeds);
  if (collection.sumCount() == 0) return collection.finish();
  RunOptions run = options;
  run.progress = &progress;
  BatchOrder order(collection.sumCount());
  const std::int64_t batches = data.batchCount();
  std::atomic<std::int64_t> next{0}, done{0};
  // Each device runs all batches, one after another, and makes the sums of its share of the values: they are the same whatever the number of
  // devices. Where the processor makes them, its threads take batches and share the first device.
  Context first = context;
  first.deviceCount = 1;
  const bool onDevice = context.device.kind != DeviceKind::cpu && deviceLibrary().engines && collection.fitsDevice();
  const int workers = onDevice ? executorCount(context, static_cast<std::int64_t>(collection.observed().size())) : static_cast<int>(std::clamp<std::int64_t>(context.threads, 1, batches));
  if (onDevice) collection.useDevices(workers);
  const auto step = [&](Executor& executor, std::int64_t index, int worker) {
    progress.throwIfStopped();
    runBatch(executor, collection, data.batch(index), index, run, order, worker);
    progress.report(static_cast<double>(++done) / static_cast<double>(onDevice ? batches * workers : batches));
  };
  const auto work = [&](std::int64_t begin, std::int64_t end) {
    try {
      for (std::int64_t worker = begin; worker < end; ++worker) {
        Executor executor(network, onDevice ? executorContext(context, static_cast<int>(worker)) : executorContext(first, 0));
        if (onDevice) {
          for (std::int64_t index = 0; index < batches && !order.failed(); ++index) step(executor, index, static_cast<int>(worker));
          if (!order.failed()) collection.readDevices(static_cast<int>(worker));
        } else {
          for (std::int64_t index = next++; index < batches && !order.failed(); index = next++) step(executor, index, 0);
        }
      }
    } catch (const std::bad_alloc&) {
      order.fail(std::make_exception_ptr(Error(ErrorKind::outOfMemory, "no memory for the statistics of the layers' inputs").remedy("use a metric or compressor without Gram matrices")));
    } catch (...) {
      order.fail(std::current_exception());
    }
  };
  parallelFor(workers, workers, 1, work);
  order.rethrow();
  return collection.finish();
}

}  // namespace planish
