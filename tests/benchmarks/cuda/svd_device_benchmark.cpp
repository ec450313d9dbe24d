// Weighted SVD of one matrix: seconds of the Cholesky factor, of the singular values and vectors and of two factors, on a device with everything there, as
// a job has it (host to host), and on the processor. Files and peers: svd_device.py.
// Usage: svd_device_benchmark FOLDER --rows M --columns N --rank R [--repeats K] [--threads T: of the processor, 0: not there] [--plain yes]
#include "core/compression/weighted_svd.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

namespace planish::benchmark {
namespace {

template <typename T>
std::vector<T> readAll(const std::string& file, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  std::ifstream in(file, std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(values.data()), count * std::int64_t(sizeof(T)))) throw std::runtime_error(file + " is not there or too short");
  return values;
}

template <typename T>
void writeAll(const std::string& file, const std::vector<T>& values) {
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

double secondsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds of the three steps.
struct Times {
  double root = 0, values = 0, factors = 0;
};

/// The middle of `repeats` runs, after one that does not count.
Times middle(int repeats, const std::function<Times()>& run) {
  if (repeats > 1) run();
  std::vector<double> times[3];
  for (int i = 0; i < repeats; ++i) {
    const Times one = run();
    times[0].push_back(one.root), times[1].push_back(one.values), times[2].push_back(one.factors);
  }
  for (auto& list : times) std::sort(list.begin(), list.end());
  const auto at = static_cast<std::size_t>(repeats / 2);
  return {times[0][at], times[1][at], times[2][at]};
}

void print(const char* where, const Times& times) {
  std::printf("%s: root %.6f s, singular values and vectors %.6f s, factors %.6f s\n", where, times.root, times.values, times.factors);
  std::fflush(stdout);
}

void measure(const std::string& folder, std::map<std::string, std::string> options) {
  const std::int64_t rows = std::stoll(options["--rows"]), columns = std::stoll(options["--columns"]), rank = std::stoll(options["--rank"]);
  const int repeats = std::stoi(options["--repeats"]), threads = std::stoi(options["--threads"]);
  const bool plain = options["--plain"] == "yes";
  const auto weight = readAll<float>(folder + "/weight.f32", rows * columns);
  const auto gram = plain ? std::vector<double>() : readAll<double>(folder + "/gram.f64", columns * columns);
  static constexpr double kRidge = 1e-3;
  const Tensor matrix = Tensor::of<float>({rows, columns}, weight);
  const auto through = [&](const Context& context) {
    return [&matrix, &gram, columns, rank, context] {
      std::unique_ptr<WeightedSvd> engine;
      WeightedSvd::Decomposition found;
      Times times;
      times.root = secondsOf([&] { engine = std::make_unique<WeightedSvd>(gram, columns, kRidge, context, Progress()); });
      times.values = secondsOf([&] { found = engine->of(matrix); });
      times.factors = secondsOf([&] { engine->factors(found, rank); });
      return times;
    };
  };
  if (threads > 0) {
    Context processor;
    processor.threads = threads;
    print("processor", middle(1, through(processor)));
  }
  describeDevice(0);
  auto& engines = *deviceLibrary().engines;
  const auto there = engines.allocate(0, rows * columns * 4), gramThere = engines.allocate(0, std::max<std::int64_t>(8, std::int64_t(gram.size()) * 8));
  there->upload(weight.data(), rows * columns * 4);
  gramThere->upload(gram.data(), std::int64_t(gram.size()) * 8);
  const auto left = engines.allocate(0, rows * rank * 4), right = engines.allocate(0, rank * columns * 4);
  std::vector<double> values;
  print("device", middle(repeats, [&] {
          std::unique_ptr<DeviceWeightedSvd> engine;
          std::unique_ptr<DeviceSvd> found;
          Times times;
          engines.synchronize(0);
          times.root = secondsOf([&] {
            engine = engines.weightedSvd(0, {.columns = columns, .gram = plain ? nullptr : static_cast<const double*>(gramThere->data()), .ridge = kRidge});
            engines.synchronize(0);
          });
          times.values = secondsOf([&] {
            found = engine->of(static_cast<const float*>(there->data()), rows, Progress());
            engines.synchronize(0);
          });
          times.factors = secondsOf([&] {
            found->factors(rank, static_cast<float*>(left->data()), static_cast<float*>(right->data()));
            engines.synchronize(0);
          });
          values = found->values();
          return times;
        }));
  Context context;
  context.device = {DeviceKind::cuda, 0};
  print("job", middle(repeats, through(context)));
  std::vector<float> l(static_cast<std::size_t>(rows * rank)), r(static_cast<std::size_t>(rank * columns));
  left->download(l.data(), rows * rank * 4);
  right->download(r.data(), rank * columns * 4);
  writeAll(folder + "/left.f32", l);
  writeAll(folder + "/right.f32", r);
  writeAll(folder + "/values.f64", values);
}

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  if (count < 2) return 2;
  std::map<std::string, std::string> options{{"--repeats", "3"}, {"--threads", "0"}};
  for (int i = 2; i + 1 < count; i += 2) options[words[i]] = words[i + 1];
  try {
    planish::benchmark::measure(words[1], options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
