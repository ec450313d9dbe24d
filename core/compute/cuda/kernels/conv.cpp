#include "core/compute/cuda/kernels/elementwise.h"
#include "core/compute/cuda/kernels/prepared.h"
#include "core/compute/cuda/kernels/product.h"
#include "core/compute/operations/window.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

constexpr std::int64_t kMostIndices = INT32_MAX;

std::string declines(const KernelQuery& query) {
  const Shape &in = query.inputs[0]->shape, &weight = query.inputs[1]->shape;
  if (in.rank() < 3 || in.rank() > 4) return "takes one or two spatial dimensions";
  if (const auto reason = declinesFloats(query); !reason.empty()) return reason;
  const auto w = operations::slidingWindow(query.operation.attributes, in, {weight.dims().begin() + 2, weight.dims().end()});
  for (const auto* list : {&w.kernel, &w.strides, &w.dilations, &w.before, &w.after})
    for (const std::int64_t value : *list)
      if (value > 65535) return "takes windows up to 65535";
  if (operations::windowOutput(in, weight[0], w).count() >= kMostIndices) return "makes less than 2^31 elements";
  return {};
}

PatchSizes patchOf(const KernelCall& call, const Shape& in, const Shape& weight) {
  const auto w = operations::slidingWindow(call.attributes(), in, {weight.dims().begin() + 2, weight.dims().end()}).inThree();
  const auto at = [](const std::vector<std::int64_t>& list, std::size_t i) { return static_cast<int>(list[i]); };
  PatchSizes p;
  p.height = at(w.input, 1), p.width = at(w.input, 2);
  p.channels = static_cast<int>(weight[1]);
  p.pictureChannels = static_cast<int>(in[1]);
  p.outHeight = at(w.output, 1), p.outWidth = at(w.output, 2);
  p.kernelHeight = at(w.kernel, 1), p.kernelWidth = at(w.kernel, 2);
  p.strideY = at(w.strides, 1), p.strideX = at(w.strides, 2);
  p.dilationY = at(w.dilations, 1), p.dilationX = at(w.dilations, 2);
  p.top = at(w.before, 1), p.left = at(w.before, 2);
  return p;
}

/// Each output position reads the input position of the same number.
bool isOnePixel(const PatchSizes& p) {
  return p.kernelHeight == 1 && p.kernelWidth == 1 && p.strideY == 1 && p.strideX == 1 && p.top == 0 && p.left == 0 && p.outHeight == p.height && p.outWidth == p.width;
}

struct Filters {
  FilterSizes sizes;
  const PreparedWeights::Entry* entry;
};

Filters filtersOf(DeviceCall& call, const PatchSizes& patch) {
  KernelCall& kernel = call.call();
  const Shape& weight = kernel.input(1).shape();
  const DataType type = kernel.input(0).type();
  FilterSizes sizes{};
  sizes.outputs = static_cast<int>(weight[0]);
  sizes.channels = patch.channels;
  sizes.taps = patch.kernelHeight * patch.kernelWidth;
  sizes.groups = static_cast<int>(kernel.attributes().whole("group", 1));
  sizes.depthwise = patch.channels == 1 && sizes.groups == patch.pictureChannels && sizes.groups > 1;
  sizes.stride = (sizes.outputs / sizes.groups + 7) / 8 * 8;
  const Epilogue::Normalization* normalization = kernel.epilogue() && kernel.epilogue()->normalization ? &*kernel.epilogue()->normalization : nullptr;
  std::vector<const Tensor*> parts{&kernel.input(1), kernel.hasInput(2) ? &kernel.input(2) : nullptr};
  if (normalization) parts.insert(parts.end(), {normalization->scale, normalization->shift, normalization->mean, normalization->variance});
  const auto& entry = PreparedWeights::of(kernel, parts, [&](PreparedWeights::Entry& made) {
    FilterParts given;
    given.weight = dataOf(call.there(*parts[0]));
    if (parts[1]) given.bias = dataOf(call.there(*parts[1]));
    if (normalization) {
      given.scale = dataOf(call.there(*parts[2]));
      given.shift = dataOf(call.there(*parts[3]));
      given.mean = dataOf(call.there(*parts[4]));
      given.variance = dataOf(call.there(*parts[5]));
      given.epsilon = static_cast<float>(normalization->epsilon);
    }
    const std::int64_t count = sizes.depthwise ? std::int64_t(sizes.taps) * sizes.outputs : std::int64_t(sizes.groups) * sizes.taps * sizes.channels * sizes.stride;
    made.weight = call.scratch(type, {count});
    made.bias = call.scratch(DataType::float32, {sizes.outputs});
    prepareFilters(call.state(), type, given, sizes, dataOf(made.weight), dataOf<float>(made.bias));
    if (type == DataType::float32) {
      made.typedBias = made.bias;
      return;
    }
    made.typedBias = call.scratch(type, {sizes.outputs});
    castFloats(call.state(), DataType::float32, dataOf(made.bias), type, dataOf(made.typedBias), sizes.outputs);
  });
  return {sizes, &entry};
}

void run(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor& in = call.input(0);
  const PatchSizes patch = patchOf(kernel, in.shape(), kernel.input(1).shape());
  const Filters filters = filtersOf(call, patch);
  const FilterSizes& sizes = filters.sizes;
  void* out = call.output(0, Layout::channelsLast);
  const Epilogue none;
  const Epilogue& epilogue = kernel.epilogue() ? *kernel.epilogue() : none;
  const void* residual = epilogue.residual ? dataOf(call.there(*epilogue.residual)) : nullptr;
  if (sizes.depthwise) {
    Depthwise depthwise;
    depthwise.type = in.type();
    depthwise.batch = static_cast<int>(in.shape()[0]);
    depthwise.multiplier = sizes.outputs / sizes.groups;
    depthwise.patch = patch;
    depthwise.in = dataOf(in);
    depthwise.weight = dataOf(filters.entry->weight);
    depthwise.out = out;
    depthwise.bias = dataOf<float>(filters.entry->bias);
    depthwise.residual = residual;
    depthwise.activation = epilogue.activation;
    convolveDepthwise(call.state(), depthwise);
    return;
  }
  Product product;
  product.type = in.type();
  product.rounded = kernel.context().roundedProducts;
  product.rows = in.shape()[0] * patch.outHeight * patch.outWidth;
  product.columns = sizes.outputs / sizes.groups;
  product.depth = std::int64_t(sizes.taps) * sizes.channels;
  product.a = dataOf(in);
  product.b = dataOf(filters.entry->weight);
  product.out = out;
  product.aStride = patch.pictureChannels;
  product.bStride = sizes.stride;
  product.outStride = sizes.outputs;
  product.inner = sizes.groups;
  product.aInner = sizes.channels;
  product.bInner = product.depth * sizes.stride;
  product.outInner = product.biasInner = product.columns;
  product.bias = dataOf<float>(filters.entry->bias);
  // With float32's own arithmetic the kernel that adds bias and activation itself is the faster one.
  if (product.rounded || in.type() != DataType::float32) product.typedBias = dataOf(filters.entry->typedBias);
  product.residual = residual;
  product.activation = epilogue.activation;
  product.patches = !isOnePixel(patch);
  product.patch = patch;
  const std::int64_t vector = 16 / (bitsOf(in.type()) / 8);
  if (product.patches && sizes.groups == 1 && sizes.channels < vector && product.depth <= kMostOfFew) convolveFewChannels(call.state(), product);
  else multiply(call.state(), product);
}

}  // namespace

void conv(KernelRegistry& registry) { addDeviceKernel(registry, "Conv", declines, run, KernelLayouts::channelsLast, true); }

}  // namespace planish::cuda_kernels
