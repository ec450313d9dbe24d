#include "core/base/parallel.h"
#include "core/compute/cpu/reference/numbers.h"
#include "core/compute/operations/window.h"

#include <cmath>
#include <limits>

namespace planish::cpu_reference {
namespace {

using operations::Window;

Window window(const KernelCall& call) {
  return operations::slidingWindow(call.attributes(), call.input(0).shape(), call.attributes().wholes("kernel_shape"),
                                   call.attributes().whole("ceil_mode", 0) != 0)
      .inThree();
}

/// First and last + 1 of the kernel positions that fall on the input along one axis.
std::pair<std::int64_t, std::int64_t> covered(const Window& w, std::size_t axis, std::int64_t start) {
  const std::int64_t step = w.dilations[axis];
  const std::int64_t first = start >= 0 ? 0 : (-start + step - 1) / step;
  const std::int64_t last = start >= w.input[axis] ? 0 : (w.input[axis] - start + step - 1) / step;
  return {first, std::min(last, w.kernel[axis])};
}

/// Calls visit(index in the plane) for each element of the input plane that the window at output (z, y, x) covers.
template <typename Visit>
void forCovered(const Window& w, const std::int64_t (&at)[3], const Visit& visit) {
  std::int64_t start[3];
  for (std::size_t i = 0; i < 3; ++i) start[i] = at[i] * w.strides[i] - w.before[i];
  const auto [z0, z1] = covered(w, 0, start[0]);
  const auto [y0, y1] = covered(w, 1, start[1]);
  const auto [x0, x1] = covered(w, 2, start[2]);
  for (std::int64_t z = z0; z < z1; ++z)
    for (std::int64_t y = y0; y < y1; ++y)
      for (std::int64_t x = x0; x < x1; ++x)
        visit(((start[0] + z * w.dilations[0]) * w.input[1] + start[1] + y * w.dilations[1]) * w.input[2] + start[2] + x * w.dilations[2]);
}

/// Calls compute(plane of the input, output index, position) for each element of the output.
template <typename Compute>
void forOutputs(const KernelCall& call, const Window& w, const Compute& compute) {
  const Shape& input = call.input(0).shape();
  const std::int64_t plane = w.output[0] * w.output[1] * w.output[2];
  parallelFor(call.context().threads, input[0] * input[1], 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t nc = begin; nc < end; ++nc) {
      std::int64_t out = nc * plane;
      for (std::int64_t z = 0; z < w.output[0]; ++z)
        for (std::int64_t y = 0; y < w.output[1]; ++y)
          for (std::int64_t x = 0; x < w.output[2]; ++x) compute(nc, static_cast<std::size_t>(out++), {z, y, x});
    }
  });
}

void runMaxPool(KernelCall& call) {
  const Window w = window(call);
  const auto x = read(call.input(0));
  const std::int64_t plane = w.input[0] * w.input[1] * w.input[2];
  const bool columnMajor = call.attributes().whole("storage_order", 0) == 1;
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()));
  std::vector<std::int64_t> indices(result.size());
  forOutputs(call, w, [&](std::int64_t nc, std::size_t out, const std::int64_t(&at)[3]) {
    double best = -std::numeric_limits<double>::infinity();
    std::int64_t where = -1;
    forCovered(w, at, [&](std::int64_t i) {
      const double value = x[static_cast<std::size_t>(nc * plane + i)];
      if (where < 0 || value > best || (std::isnan(value) && !std::isnan(best))) best = value, where = i;
    });
    result[out] = best;
    if (columnMajor && where >= 0) {
      const std::int64_t depth = where / (w.input[1] * w.input[2]), row = where / w.input[2] % w.input[1], column = where % w.input[2];
      where = (column * w.input[1] + row) * w.input[0] + depth;
    }
    indices[out] = where < 0 ? -1 : nc * plane + where;
  });
  write(call, 0, result);
  if (call.hasOutput(1)) writeWhole(call, 1, indices);
}

void runAveragePool(KernelCall& call) {
  const Window w = window(call);
  const auto x = read(call.input(0));
  const std::int64_t plane = w.input[0] * w.input[1] * w.input[2];
  const bool countPads = call.attributes().whole("count_include_pad", 0) != 0;
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()));
  forOutputs(call, w, [&](std::int64_t nc, std::size_t out, const std::int64_t(&at)[3]) {
    double sum = 0;
    std::int64_t covered = 0;
    forCovered(w, at, [&](std::int64_t i) { sum += x[static_cast<std::size_t>(nc * plane + i)], ++covered; });
    if (countPads) {  // what hangs over the end of the padded input is not counted
      covered = 1;
      for (std::size_t i = 0; i < 3; ++i) {
        const std::int64_t room = w.input[i] + w.before[i] + w.after[i] - at[i] * w.strides[i];
        covered *= std::min(w.kernel[i], (room + w.dilations[i] - 1) / w.dilations[i]);
      }
    }
    result[out] = sum / static_cast<double>(covered);
  });
  write(call, 0, result);
}

double exponent(const KernelCall& call) {
  return call.opset() >= 2 ? static_cast<double>(call.attributes().whole("p", 2)) : static_cast<double>(call.attributes().number("p", 2));
}

void runLpPool(KernelCall& call) {
  const Window w = window(call);
  const auto x = read(call.input(0));
  const std::int64_t plane = w.input[0] * w.input[1] * w.input[2];
  const double p = exponent(call);
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()));
  forOutputs(call, w, [&](std::int64_t nc, std::size_t out, const std::int64_t(&at)[3]) {
    double sum = 0;
    forCovered(w, at, [&](std::int64_t i) { sum += std::pow(std::fabs(x[static_cast<std::size_t>(nc * plane + i)]), p); });
    result[out] = std::pow(sum, 1 / p);
  });
  write(call, 0, result);
}

void runGlobalAveragePool(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const auto count = static_cast<double>(shape.count(2, shape.rank()));
  const auto x = read(call.input(0));
  const auto plane = static_cast<std::size_t>(count);
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (std::size_t j = 0; j < plane; ++j) result[i] += x[i * plane + j];
    result[i] /= count;
  }
  write(call, 0, result);
}

void runGlobalMaxPool(KernelCall& call) {
  const auto x = read(call.input(0));
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()), -std::numeric_limits<double>::infinity());
  const std::size_t plane = result.empty() ? 0 : x.size() / result.size();
  for (std::size_t i = 0; i < x.size(); ++i) {
    double& best = result[i / plane];
    if (x[i] > best || std::isnan(x[i])) best = x[i];
  }
  write(call, 0, result);
}

void runGlobalLpPool(KernelCall& call) {
  const auto x = read(call.input(0));
  const double p = exponent(call);
  std::vector<double> result(static_cast<std::size_t>(call.outputShape(0).count()));
  const std::size_t plane = result.empty() ? 0 : x.size() / result.size();
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (std::size_t j = 0; j < plane; ++j) result[i] += std::pow(std::fabs(x[i * plane + j]), p);
    result[i] = std::pow(result[i], 1 / p);
  }
  write(call, 0, result);
}

/// Indices count in the tensor that the attributes alone would make; a given output shape only adds room at the ends.
void runMaxUnpool(KernelCall& call) {
  const Shape &input = call.input(0).shape(), &output = call.outputShape(0);
  const auto axes = static_cast<std::size_t>(input.rank() - 2);
  const auto kernel = call.attributes().wholes("kernel_shape");
  const auto strides = operations::perAxis(call.attributes(), "strides", axes, 1, 1), pads = operations::perAxis(call.attributes(), "pads", 2 * axes, 0, 0);
  std::vector<std::int64_t> dims{input[0], input[1]};
  for (std::size_t i = 0; i < axes; ++i) dims.push_back((input[static_cast<int>(i) + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + axes]);
  const Shape natural(dims);
  const auto x = read(call.input(0));
  const auto indices = readWhole(call.input(1));
  const auto outStrides = output.strides();
  std::vector<double> result(static_cast<std::size_t>(output.count()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::int64_t rest = indices[i], at = 0;
    bool fits = rest >= 0 && rest < natural.count();
    for (int axis = natural.rank() - 1; fits && axis >= 0; --axis) {
      const std::int64_t position = rest % natural[axis];
      rest /= natural[axis];
      fits = position < output[axis];
      at += position * outStrides[static_cast<std::size_t>(axis)];
    }
    if (!fits) operations::refuse("indices into shape " + output.text(), std::to_string(indices[i]));
    result[static_cast<std::size_t>(at)] = x[i];
  }
  write(call, 0, result);
}

}  // namespace

void pool(KernelRegistry& registry) {
  addReference(registry, "MaxPool", runMaxPool);
  addReference(registry, "AveragePool", runAveragePool);
  addReference(registry, "LpPool", runLpPool);
  addReference(registry, "GlobalAveragePool", runGlobalAveragePool);
  addReference(registry, "GlobalMaxPool", runGlobalMaxPool);
  addReference(registry, "GlobalLpPool", runGlobalLpPool);
  addReference(registry, "MaxUnpool", runMaxUnpool);
}

}  // namespace planish::cpu_reference
