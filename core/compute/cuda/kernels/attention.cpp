#include "core/compute/cuda/kernels/attention_problem.h"
#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/operations/attention_sizes.h"
#include "core/compute/strided_view.h"

#include <cmath>

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

constexpr std::int64_t kMostLength = INT32_MAX / 2;

std::string declines(const KernelQuery& query) {
  const auto& operation = query.operation;
  for (std::size_t i = 1; i < operation.outputs.size(); ++i)
    if (operation.outputs[i].valid()) return "makes the result only";
  for (std::size_t i = 4; i < query.inputs.size(); ++i)
    if (query.inputs[i]) return "takes no past keys and no lengths";
  if (const auto reason = declinesFloats(query, 3); !reason.empty()) return reason;
  const operations::AttentionSizes sizes(operation.attributes, query.inputs[0]->shape, query.inputs[1]->shape,
                                         query.inputs[2]->shape, nullptr);
  if (std::max(sizes.width, sizes.valueWidth) > Attention::kMostWidth)
    return "takes heads of up to " + std::to_string(Attention::kMostWidth) + " numbers";
  if (std::max(sizes.queries, sizes.keys()) > kMostLength)
    return "takes up to " + std::to_string(kMostLength) + " keys";
  if (query.inputs.size() > 3 && query.inputs[3] && query.inputs[3]->type != DataType::boolean &&
      query.inputs[3]->type != query.inputs[0]->type)
    return "takes masks of the type of the queries, or of booleans";
  return {};
}

AttentionStrides stridesOf(const StridedView& view) {
  return {view.strides[0], view.strides[1], view.strides[2], view.strides[3]};
}

/// Attention written out as several operations.
void runViews(DeviceCall& call, const AttentionCall& parts) {
  Attention a;
  a.batch = parts.query.sizes[0], a.heads = parts.query.sizes[1], a.queries = parts.query.sizes[2],
  a.width = parts.query.sizes[3];
  a.keys = parts.key.sizes[2], a.valueWidth = parts.value.sizes[3];
  if (std::max(a.width, a.valueWidth) > Attention::kMostWidth || std::max(a.queries, a.keys) > kMostLength)
    return;
  const std::pair<const StridedView*, AttentionStrides*> factors[] = {
      {&parts.query, &a.qStrides}, {&parts.key, &a.kStrides}, {&parts.value, &a.vStrides}};
  for (const auto& [view, strides] : factors) {
    *strides = stridesOf(*view);
    if (view->sizes[3] > 1 && strides->column != 1) return;
  }
  a.type = parts.query.tensor->type();
  const std::int64_t bytes = bitsOf(a.type) / 8;
  const auto start = [&](const StridedView& view) {
    return static_cast<const std::byte*>(dataOf(call.there(*view.tensor))) + view.offset * bytes;
  };
  a.q = start(parts.query), a.k = start(parts.key), a.v = start(parts.value);
  if (parts.mask.tensor) {
    a.mask = start(parts.mask);
    a.maskStrides = stridesOf(parts.mask);
    a.maskKind = Attention::Mask::added;
    a.maskKeys = a.keys;
  }
  a.scale = static_cast<float>(parts.scale);
  a.outStrides = {parts.resultStrides[0], parts.resultStrides[1], parts.resultStrides[2],
                  parts.resultStrides[3]};
  if (a.valueWidth > 1 && a.outStrides.column != 1) return;
  a.out = call.output();
  attend(call.state(), a);
}

void run(DeviceCall& call) {
  KernelCall& kernel = call.call();
  if (const AttentionCall* parts = kernel.attention()) return runViews(call, *parts);
  const Attributes& attributes = kernel.attributes();
  const operations::AttentionSizes s(attributes, kernel.input(0).shape(), kernel.input(1).shape(),
                                     kernel.input(2).shape(), nullptr);
  Attention a;
  a.type = kernel.input(0).type();
  a.batch = s.batch, a.heads = s.heads, a.queries = s.queries, a.keys = s.keys(), a.width = s.width,
  a.valueWidth = s.valueWidth;
  a.headsOfKey = s.heads / s.groups;
  const auto laid = [&](std::int64_t heads, std::int64_t length, std::int64_t width) {
    return s.flat ? AttentionStrides{length * heads * width, width, heads * width, 1}
                  : AttentionStrides{heads * length * width, length * width, width, 1};
  };
  a.qStrides = laid(s.heads, s.queries, s.width);
  a.kStrides = laid(s.groups, s.keys(), s.width);
  a.vStrides = laid(s.groups, s.keys(), s.valueWidth);
  a.outStrides = laid(s.heads, s.queries, s.valueWidth);
  a.scale = attributes.has("scale") ? attributes.number("scale", 1)
                                    : static_cast<float>(1 / std::sqrt(static_cast<double>(s.width)));
  a.softcap = attributes.number("softcap", 0);
  const std::int64_t left = attributes.whole("left_window_size", -1),
                     right = attributes.whole("right_window_size", -1);
  if (left >= 0) a.left = std::min<std::int64_t>(left, INT32_MAX);
  if (right >= 0) a.right = std::min<std::int64_t>(right, INT32_MAX);
  if (attributes.whole("is_causal", 0) != 0) a.right = 0;
  if (kernel.hasInput(3)) {
    const Tensor& mask = kernel.input(3);
    StridedView view(mask);
    a.maskKeys = mask.shape()[-1];
    view.expand({s.batch, s.heads, s.queries, a.maskKeys});
    a.maskStrides = stridesOf(view);
    a.mask = call.data(3);
    a.maskKind = mask.type() == DataType::boolean ? Attention::Mask::allowed : Attention::Mask::added;
  }
  a.q = call.data(0), a.k = call.data(1), a.v = call.data(2);
  a.out = call.output();
  attend(call.state(), a);
}

}  // namespace

void attention(KernelRegistry& registry) {
  addDeviceKernel(registry, "Attention", declines, run, KernelLayouts::plain, true);
}

}  // namespace planish::cuda_kernels
