#include "core/compute/operations/transform_sizes.h"
#include "core/compute/cpu/reference/numbers.h"

#include <cmath>
#include <complex>
#include <numbers>

namespace planish::cpu_reference {
namespace {

using Complex = std::complex<double>;
using std::numbers::pi;

/// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), with n one less where the window is symmetric.
void writeWindow(KernelCall& call, double a0, double a1, double a2) {
  const std::int64_t size = call.outputShape(0)[0];
  const double length = static_cast<double>(call.attributes().whole("periodic", 1) != 0 ? size : size - 1);
  std::vector<double> result(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double angle = length > 0 ? 2 * pi * static_cast<double>(i) / length : pi;
    result[i] = a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle);
  }
  write(call, 0, result);
}

/// Triangles that are even in the mel scale, 2595 log10(1 + f / 700).
void runMelWeightMatrix(KernelCall& call) {
  const std::int64_t bins = call.outputShape(0)[1], rows = call.outputShape(0)[0];
  const double length = read(call.input(1))[0], rate = read(call.input(2))[0];
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(read(call.input(3))[0]), step = (mel(read(call.input(4))[0]) - low) / static_cast<double>(bins + 2);
  const auto edge = [&](std::int64_t i) {
    const double hertz = 700 * (std::pow(10, (low + static_cast<double>(i) * step) / 2595) - 1);
    const double position = std::floor((length + 1) * hertz / rate);
    if (!(position >= 0 && position < static_cast<double>(rows)))
      throw Error(ErrorKind::invalidInput, "expected frequencies from 0 to half the sample rate, found " + std::to_string(hertz) + " Hz");
    return static_cast<std::int64_t>(position);
  };
  std::vector<double> result(static_cast<std::size_t>(rows * bins));
  for (std::int64_t bin = 0; bin < bins; ++bin) {
    const std::int64_t left = edge(bin), centre = edge(bin + 1), right = edge(bin + 2);
    const auto at = [&](std::int64_t row) -> double& { return result[static_cast<std::size_t>(row * bins + bin)]; };
    for (std::int64_t row = left; row < centre; ++row) at(row) = static_cast<double>(row - left) / static_cast<double>(centre - left);
    at(centre) = 1;
    for (std::int64_t row = centre; row < right; ++row) at(row) = static_cast<double>(right - row) / static_cast<double>(right - centre);
  }
  write(call, 0, result);
}

/// Sum over x of x[t] exp(-+ 2 pi i k t / length) for k below `results`; what x lacks is zero, what it has too much is cut.
std::vector<Complex> transformed(const std::vector<Complex>& x, std::int64_t length, std::int64_t results, bool inverse) {
  std::vector<Complex> turns(static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < turns.size(); ++i)
    turns[i] = std::polar(1.0, (inverse ? 2 : -2) * pi * static_cast<double>(i) / static_cast<double>(length));
  std::vector<Complex> y(static_cast<std::size_t>(results));
  const std::int64_t count = std::min(length, static_cast<std::int64_t>(x.size()));
  for (std::int64_t k = 0; k < results; ++k)
    for (std::int64_t t = 0; t < count; ++t) y[static_cast<std::size_t>(k)] += x[static_cast<std::size_t>(t)] * turns[static_cast<std::size_t>(k * t % length)];
  if (inverse)
    for (auto& value : y) value /= static_cast<double>(length);
  return y;
}

/// The whole spectrum of a real signal from its first half.
std::vector<Complex> mirrored(std::vector<Complex> half, std::int64_t length) {
  half.resize(static_cast<std::size_t>(length / 2 + 1));
  half[0] = half[0].real();
  if (length % 2 == 0) half.back() = half.back().real();
  for (std::int64_t k = length / 2 + 1; k < length; ++k) half.push_back(std::conj(half[static_cast<std::size_t>(length - k)]));
  half.resize(static_cast<std::size_t>(length));
  return half;
}

void runDft(KernelCall& call) {
  const Shape &shape = call.input(0).shape(), &output = call.outputShape(0);
  const operations::DftSizes sizes(call.attributes(), call.opset(), shape, call.hasInput(1) ? &call.input(1) : nullptr,
                                   call.hasInput(2) ? &call.input(2) : nullptr);
  const auto x = read(call.input(0));
  const std::int64_t parts = shape[-1], outParts = output[-1], inner = shape.count(sizes.axis + 1, shape.rank() - 1), outer = shape.count(0, sizes.axis);
  std::vector<double> result(static_cast<std::size_t>(output.count()));
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < inner; ++i) {
      std::vector<Complex> line;
      for (std::int64_t t = 0; t < shape[sizes.axis]; ++t) {
        const auto at = static_cast<std::size_t>(((o * shape[sizes.axis] + t) * inner + i) * parts);
        line.emplace_back(x[at], parts == 2 ? x[at + 1] : 0);
      }
      if (sizes.realOutput) line = mirrored(std::move(line), sizes.length);
      const auto y = transformed(line, sizes.length, sizes.results, sizes.inverse);
      for (std::int64_t k = 0; k < sizes.results; ++k) {
        const auto at = static_cast<std::size_t>(((o * sizes.results + k) * inner + i) * outParts);
        result[at] = y[static_cast<std::size_t>(k)].real();
        if (outParts == 2) result[at + 1] = y[static_cast<std::size_t>(k)].imag();
      }
    }
  write(call, 0, result);
}

void runStft(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const operations::StftSizes sizes(call.attributes(), shape, call.input(1), call.hasInput(2) ? &call.input(2).shape() : nullptr,
                                    call.hasInput(3) ? &call.input(3) : nullptr);
  const auto x = read(call.input(0));
  const auto window = call.hasInput(2) ? read(call.input(2)) : std::vector<double>(static_cast<std::size_t>(sizes.frame), 1);
  std::vector<double> result;
  for (std::int64_t b = 0; b < shape[0]; ++b)
    for (std::int64_t f = 0; f < sizes.frames; ++f) {
      std::vector<Complex> line;
      for (std::int64_t t = 0; t < sizes.frame; ++t) {
        const auto at = static_cast<std::size_t>((b * shape[1] + f * sizes.step + t) * shape[2]);
        line.push_back(Complex(x[at], shape[2] == 2 ? x[at + 1] : 0) * window[static_cast<std::size_t>(t)]);
      }
      for (const Complex& value : transformed(line, sizes.frame, sizes.bins, false)) result.insert(result.end(), {value.real(), value.imag()});
    }
  write(call, 0, result);
}

}  // namespace

void signal_processing(KernelRegistry& registry) {
  addReference(registry, "HannWindow", [](KernelCall& call) { writeWindow(call, 0.5, 0.5, 0); });
  addReference(registry, "HammingWindow", [](KernelCall& call) { writeWindow(call, 25.0 / 46.0, 21.0 / 46.0, 0); });
  addReference(registry, "BlackmanWindow", [](KernelCall& call) { writeWindow(call, 0.42, 0.5, 0.08); });
  addReference(registry, "MelWeightMatrix", runMelWeightMatrix);
  addReference(registry, "DFT", runDft);
  addReference(registry, "STFT", runStft);
}

}  // namespace planish::cpu_reference
