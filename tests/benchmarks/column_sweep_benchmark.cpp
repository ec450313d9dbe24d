// GPTQ and SparseGPT of single layers beside the authors' code, on the very weights and Hessians that it used: run gptq_block.py with --inputs
// first. Usage: column_sweep_benchmark FOLDER [--threads N] [--repeats N] [--clock wall|processor]. FOLDER holds peer.json, W.<rows>x<columns>.f32 and H.<columns>.f32.
#include "core/base/error.h"
#include "core/compression/column_sweep/column_sweep.h"
#include "tests/benchmarks/sweep_support.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <fstream>

namespace planish::benchmark {
namespace {

std::vector<float> readFloats(const std::filesystem::path& file, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!in) throw Error(ErrorKind::invalidInput, "expected " + std::to_string(count) + " floats").in(file.string()).remedy("run gptq_block.py with --inputs");
  return values;
}

/// tr((W - Q) H (W - Q)^T) in float64 with the undamped H, row by row.
double errorOf(const std::vector<float>& weight, const std::vector<float>& result, const std::vector<float>& hessian, std::int64_t columns) {
  const auto n = static_cast<std::size_t>(columns);
  double total = 0;
  std::vector<double> d(n), product(n);
  for (std::size_t row = 0; row < weight.size(); row += n) {
    std::fill(product.begin(), product.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) d[i] = static_cast<double>(weight[row + i]) - static_cast<double>(result[row + i]);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) product[j] += d[i] * static_cast<double>(hessian[i * n + j]);
    for (std::size_t j = 0; j < n; ++j) total += d[j] * product[j];
  }
  return total;
}

double now(bool processor) {
  timespec time{};
  clock_gettime(processor ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Method {
  const char* name;
  const char* seconds;  ///< names in peer.json
  const char* error;
  SweepOptions options;
};

std::vector<Method> methods() {
  SweepOptions gptq, half, pattern;
  gptq.grid = {.format = NumberFormat::unsignedInteger, .bits = 4, .scaleBits = 32, .clipSearch = false};
  gptq.group = 128;
  half.sparsity = {.kind = Sparsity::Kind::unstructured, .percent = 50};
  pattern.sparsity = {.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4};
  return {{"GPTQ 4 bits, groups of 128", "gptq_s", "gptq_error", gptq},
          {"SparseGPT 50 %", "sparsegpt_s", "sparsegpt_error", half},
          {"SparseGPT 2:4", "sparsegpt24_s", "sparsegpt24_error", pattern}};
}

void run(const std::filesystem::path& folder, int threads, int repeats, bool processor) {
  std::ifstream in(folder / "peer.json");
  const auto peer = nlohmann::json::parse(in);
  Context context;
  context.threads = threads;
  std::printf("| layer | method | authors' s | ours s | of it factor | ratio | authors' error | ours / authors' |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& matrix : peer.at("matrices")) {
    const std::int64_t rows = matrix.at("rows"), columns = matrix.at("columns");
    const auto shape = std::to_string(rows) + "x" + std::to_string(columns);
    const auto weight = readFloats(folder / ("W." + shape + ".f32"), rows * columns);
    const auto hessian = readFloats(folder / ("H." + std::to_string(columns) + ".f32"), columns * columns);
    for (const auto& method : methods()) {
      double best = 1e300, factoring = 0;
      SweepResult result;
      for (int i = 0; i < repeats; ++i) {
        const double start = now(processor);
        SweepProblem problem{rows, columns};
        problem.hessianFloat = hessian;
        const auto sweep = prepareColumnSweep(problem, context, {});
        const double factored = now(processor) - start;
        result = sweep->run(weight, method.options, {});
        if (const double seconds = now(processor) - start; seconds < best) {
          best = seconds;
          factoring = factored;
        }
      }
      const double theirs = matrix.at(method.seconds), theirError = matrix.at(method.error);
      std::printf("| %s | %s | %.3f | %.3f | %.3f | %.1f | %.6g | %.5f |\n", shape.c_str(), method.name, theirs, best, factoring, theirs / best, theirError,
                  errorOf(weight, result.weight, hessian, columns) / theirError);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  int threads = 2, repeats = 2;
  bool processor = false;
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = words[i];
    if (name == "--threads") threads = std::stoi(words[i + 1]);
    else if (name == "--repeats") repeats = std::stoi(words[i + 1]);
    else if (name == "--clock") processor = words[i + 1] == std::string("processor");
  }
  try {
    if (count < 2) throw planish::Error(planish::ErrorKind::usage, "expected the folder that gptq_block.py wrote");
    planish::benchmark::run(words[1], threads, repeats, processor);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
