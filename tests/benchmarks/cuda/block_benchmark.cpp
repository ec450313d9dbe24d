/// Gram matrices, GPTQ and SparseGPT on the device, on the inputs that another program has written. Driven by compare.py beside it.
///   block_benchmark block FOLDER TOKENS  W.<rows>x<columns>.f32 and H.<columns>.f32 of FOLDER -> Q.<kind>.<rows>x<columns>.f32; JSON
///   block_benchmark gram FILE TYPE COLUMNS BATCH OUT  rows of FILE (float16 or float32), BATCH at a time -> the sum of x x^T in OUT
///   block_benchmark once KIND ROWS COLUMNS  one call on random numbers, for a profiler; KIND gram or one of the kinds of a block
#include "core/base/error.h"
#include "core/compute/device_library.h"
#include "core/tensor/float_types.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

namespace {

using namespace planish;
using Json = nlohmann::json;

template <typename T>
std::vector<T> readFile(const std::filesystem::path& file) {
  std::vector<T> values(std::filesystem::file_size(file) / sizeof(T));
  std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

void writeFile(const std::filesystem::path& file, const std::vector<float>& values) {
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
}

template <typename T>
std::unique_ptr<DeviceBuffer> onDevice(DeviceEngines& engines, const std::vector<T>& values) {
  const auto bytes = static_cast<std::int64_t>(values.size() * sizeof(T));
  auto buffer = engines.allocate(0, bytes);
  buffer->upload(values.data(), bytes);
  return buffer;
}

double seconds(DeviceEngines& engines, const std::function<void()>& work) {
  engines.synchronize(0);
  const auto start = std::chrono::steady_clock::now();
  work();
  engines.synchronize(0);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Median of some repetitions behind one that warms up, and the least.
Json timed(DeviceEngines& engines, const std::function<void()>& work, int repetitions = 5) {
  work();
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) times.push_back(seconds(engines, work));
  std::sort(times.begin(), times.end());
  return {{"median_s", times[times.size() / 2]}, {"least_s", times[0]}};
}

std::vector<float> randomNormal(std::int64_t count) {
  std::mt19937 random(std::random_device{}());
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  const std::size_t drawn = std::min<std::size_t>(values.size(), 1 << 22);
  for (std::size_t i = 0; i < drawn; ++i) values[i] = normal(random);
  for (std::size_t i = drawn; i < values.size(); ++i) values[i] = values[(i * 7 + i / drawn * 101) % drawn];
  return values;
}

std::vector<std::uint16_t> halves(const std::vector<float>& values) {
  std::vector<std::uint16_t> half(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) half[i] = floatToHalf(values[i]);
  return half;
}

/// Tokens in batches of 2048 that lie on the device, eight of them in turn.
Json timeGram(DeviceEngines& engines, std::int64_t columns, std::int64_t tokens, DataType type) {
  constexpr std::int64_t kBatch = 2048, kBuffers = 8;
  const auto values = randomNormal(kBatch * columns);
  std::vector<std::unique_ptr<DeviceBuffer>> buffers;
  for (std::int64_t i = 0; i < kBuffers; ++i) {
    auto shifted = values;
    std::rotate(shifted.begin(), shifted.begin() + 9973 * (i + 1), shifted.end());
    buffers.push_back(type == DataType::float32 ? onDevice(engines, shifted) : onDevice(engines, halves(shifted)));
  }
  const auto work = [&] {
    const auto gram = engines.gram(0, columns);
    for (std::int64_t i = 0; i < tokens / kBatch; ++i) gram->add(buffers[static_cast<std::size_t>(i % kBuffers)]->data(), type, kBatch);
  };
  return timed(engines, work, 3);
}

DeviceSweepOptions optionsOf(const std::string& kind) {
  DeviceSweepOptions options;
  if (kind == "gptq") options.grid = {.bits = 4, .group = 128};
  else if (kind == "share") options.sparsity.share = 0.5;
  else if (kind == "pattern") options.sparsity = {.zeros = 2, .of = 4};
  else throw Error(ErrorKind::usage, "unknown kind " + kind);
  return options;
}

Json timeLayer(DeviceEngines& engines, const std::filesystem::path& folder, std::int64_t rows, std::int64_t columns) {
  const std::string shape = std::to_string(rows) + "x" + std::to_string(columns);
  const auto hessian = onDevice(engines, readFile<float>(folder / ("H." + std::to_string(columns) + ".f32")));
  const auto weight = onDevice(engines, readFile<float>(folder / ("W." + shape + ".f32")));
  const auto result = engines.allocate(0, rows * columns * 4);
  Json report = {{"rows", rows}, {"columns", columns}};
  DeviceSweepProblem problem{.columns = columns, .hessian = static_cast<const float*>(hessian->data()), .precision = FactorPrecision::float32};
  report["prepare_float32"] = timed(engines, [&] { engines.sweep(0, problem); });
  problem.precision = FactorPrecision::float64;
  report["prepare_float64"] = timed(engines, [&] { engines.sweep(0, problem); });
  problem.precision = FactorPrecision::automatic;
  report["prepare"] = timed(engines, [&] { engines.sweep(0, problem); });
  const auto sweep = engines.sweep(0, problem);
  for (const std::string kind : {"gptq", "share", "pattern"}) {
    DeviceSweepLoss loss;
    report[kind] = timed(engines, [&] {
      loss = sweep->run(static_cast<const float*>(weight->data()), rows, optionsOf(kind), {.values = static_cast<float*>(result->data())}, Progress());
    });
    report[kind]["loss"] = loss.plain;
    std::vector<float> values(static_cast<std::size_t>(rows * columns));
    result->download(values.data(), rows * columns * 4);
    writeFile(folder / ("Q." + kind + "." + shape + ".f32"), values);
  }
  return report;
}

void block(DeviceEngines& engines, const std::filesystem::path& folder, std::int64_t tokens) {
  Json report = {{"device", engines.devices()[0].name}, {"tokens", tokens}, {"layers", Json::array()}, {"grams", Json::array()}};
  std::vector<std::int64_t> widths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    long long rows = 0, columns = 0;
    if (std::sscanf(entry.path().filename().c_str(), "W.%lldx%lld.f32", &rows, &columns) != 2) continue;
    report["layers"].push_back(timeLayer(engines, folder, rows, columns));
    if (std::find(widths.begin(), widths.end(), columns) == widths.end()) widths.push_back(columns);
  }
  for (const std::int64_t columns : widths)
    report["grams"].push_back({{"columns", columns},
                               {"float16", timeGram(engines, columns, tokens, DataType::float16)},
                               {"float32", timeGram(engines, columns, tokens / 8, DataType::float32)}});
  std::puts(report.dump(1).c_str());
}

void gram(DeviceEngines& engines, const std::string& file, const std::string& typeName, std::int64_t columns, std::int64_t batch, const std::string& out) {
  const DataType type = typeName == "float16" ? DataType::float16 : DataType::float32;
  const auto rows = readFile<std::byte>(file);
  const std::int64_t line = columns * bitsOf(type) / 8, count = static_cast<std::int64_t>(rows.size()) / line;
  const auto sum = engines.gram(0, columns);
  for (std::int64_t first = 0; first < count; first += batch) sum->add(rows.data() + first * line, type, std::min(batch, count - first));
  std::vector<float> result(static_cast<std::size_t>(columns * columns));
  sum->read(result.data());
  writeFile(out, result);
}

void once(DeviceEngines& engines, const std::string& kind, std::int64_t rows, std::int64_t columns) {
  const auto x = onDevice(engines, halves(randomNormal(2048 * columns)));
  const auto gram = engines.gram(0, columns);
  gram->add(x->data(), DataType::float16, 2048);
  if (kind == "gram") return engines.synchronize(0);
  const auto hessian = engines.allocate(0, columns * columns * 4), weight = onDevice(engines, randomNormal(rows * columns));
  gram->read(static_cast<float*>(hessian->data()));
  const auto sweep = engines.sweep(0, {.columns = columns, .hessian = static_cast<const float*>(hessian->data())});
  sweep->run(static_cast<const float*>(weight->data()), rows, optionsOf(kind), {}, Progress());
}

}  // namespace

int main(int count, char** words) try {
  const std::vector<std::string> word(words + 1, words + count);
  DeviceEngines* engines = deviceLibrary().engines;
  if (!engines) throw Error(ErrorKind::noDevice, deviceLibrary().problem);
  if (word.size() == 3 && word[0] == "block") block(*engines, word[1], std::stoll(word[2]));
  else if (word.size() == 6 && word[0] == "gram") gram(*engines, word[1], word[2], std::stoll(word[3]), std::stoll(word[4]), word[5]);
  else if (word.size() == 4 && word[0] == "once") once(*engines, word[1], std::stoll(word[2]), std::stoll(word[3]));
  else throw Error(ErrorKind::usage, "block FOLDER TOKENS | gram FILE TYPE COLUMNS BATCH OUT | once KIND ROWS COLUMNS");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "block_benchmark: %s\n", error.what());
  return 1;
}
