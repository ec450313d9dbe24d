#include "core/compute/operations/reduce.h"

#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/lines.h"
#include "core/compute/cuda/kernels/movement.h"

#include <algorithm>

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

std::string declines(const KernelQuery& query) {
  if (query.inputs[0]->shape.rank() > 8) return "takes up to eight dimensions";
  return declinesFloats(query, 1);
}

/// Reduced axes that lie in one piece are read as they are, others are brought together first.
template <Reduction reduction>
void run(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor& in = call.input(0);
  const Shape& shape = in.shape();
  const auto reduced = operations::reducedAxes(kernel.operation(), kernel.opset(), shape.rank(), kernel.hasInput(1) ? &kernel.input(1) : nullptr);
  // Sizes and flags in the order in which the dimensions lie in memory.
  std::vector<std::int64_t> sizes = shape.dims();
  std::vector<bool> flags = reduced;
  if (in.layout() == Layout::channelsLast) {
    std::rotate(sizes.begin() + 1, sizes.begin() + 2, sizes.end());
    std::rotate(flags.begin() + 1, flags.begin() + 2, flags.end());
  }
  const auto first = static_cast<std::size_t>(std::find(flags.begin(), flags.end(), true) - flags.begin());
  std::size_t last = first;
  while (last < flags.size() && flags[last]) ++last;
  const bool onePiece = std::find(flags.begin() + static_cast<std::ptrdiff_t>(last), flags.end(), true) == flags.end();
  LineSizes lines;
  const auto product = [&](std::size_t from, std::size_t to) {
    std::int64_t count = 1;
    for (std::size_t d = from; d < to; ++d) count *= sizes[d];
    return count;
  };
  // Kept axes make [N, 1..., C] where the channels come last, which in plain order is the same as [N, C, 1...] only if no space is kept.
  const bool sameOrder = in.layout() == Layout::plain || (onePiece && first == 1 && last + 1 == flags.size()) || (onePiece && first <= 1 && last == flags.size());
  if (onePiece && sameOrder) {
    lines = {product(0, first), product(first, last), product(last, sizes.size())};
    reduceLines(call.state(), reduction, in.type(), dataOf(in), call.output(), lines);
    return;
  }
  const Tensor plain = in.layout() == Layout::plain ? in : relaid(call.unit(), in, Layout::plain);
  Region region;
  const auto strides = shape.strides();
  for (const bool wanted : {false, true})
    for (std::size_t d = 0; d < reduced.size(); ++d)
      if (reduced[d] == wanted) {
        region.sizes.push_back(shape.dims()[d]);
        region.from.push_back(strides[d]);
        (wanted ? lines.size : lines.outer) *= shape.dims()[d];
      }
  region.to = stridesOf(region.sizes);
  const Tensor sorted = call.scratch(in.type(), shape);
  copyRegion(call.state(), bitsOf(in.type()) / 8, dataOf(plain), dataOf(sorted), std::move(region));
  reduceLines(call.state(), reduction, in.type(), dataOf(sorted), call.output(), lines);
}

template <bool logarithm>
void runSoftmax(DeviceCall& call) {
  const Tensor& in = call.input(0);
  const auto lines = operations::softmaxLines(call.call().attributes(), call.call().opset(), in.shape());
  softmaxLines(call.state(), logarithm, in.type(), dataOf(in), call.output(), {lines.outer, lines.size, lines.inner});
}

}  // namespace

void reduce(KernelRegistry& registry) {
  const std::pair<const char*, void (*)(DeviceCall&)> functions[] = {
      {"ReduceSum", run<Reduction::sum>}, {"ReduceMean", run<Reduction::mean>}, {"ReduceMax", run<Reduction::maximum>}, {"ReduceMin", run<Reduction::minimum>},
      {"ReduceProd", run<Reduction::product>}, {"ReduceL1", run<Reduction::l1>}, {"ReduceL2", run<Reduction::l2>}, {"ReduceSumSquare", run<Reduction::sumSquare>}};
  for (const auto& [type, function] : functions) addDeviceKernel(registry, type, declines, function, KernelLayouts::any);
  addDeviceKernel(registry, "Softmax", declines, runSoftmax<false>);
  addDeviceKernel(registry, "LogSoftmax", declines, runSoftmax<true>);
}

}  // namespace planish::cuda_kernels
