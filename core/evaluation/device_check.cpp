#include "core/evaluation/device_check.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

constexpr std::int64_t kChecked = 2;  ///< samples
/// Of the largest answer: float32 sums in another order; products whose factors are rounded to 11 or 8 bits.
constexpr double kTolerance = 2e-3, kRoundedTolerance = 5e-2;

bool isRandom(const Operation& operation) {
  return operation.type.starts_with("Random") || operation.type == "Bernoulli" ||
         operation.type == "Multinomial";
}

bool hasHalves(const Network& network) {
  for (std::int32_t i = 0; i < network.valueCount(); ++i)
    if (const DataType type = network.value({i}).type;
        type == DataType::float16 || type == DataType::bfloat16)
      return true;
  return false;
}

/// The first samples of a plain tensor whose first axis counts them.
Tensor firstOf(const Tensor& tensor, std::int64_t count) {
  const Tensor plain = toPlain(tensor);
  Shape shape = plain.shape();
  shape[0] = count;
  Tensor part(plain.type(), shape);
  std::ranges::copy(plain.bytes().first(part.writableBytes().size()), part.writableBytes().begin());
  return part;
}

Tensor onHost(const Tensor& tensor) {
  if (tensor.device().kind == DeviceKind::cpu) return tensor;
  const Tensor plain = toPlain(tensor);
  Tensor copy(plain.type(), plain.shape());
  std::ranges::copy(plain.bytes(), copy.writableBytes().begin());
  return copy;
}

}  // namespace

std::function<void()> checkAgainstProcessor(const Network& network, const Context& context, const ValueMap& given,
                                            std::int64_t count, ValueId wanted, const Tensor& found) {
  const auto nothing = [] {};
  if (context.device.kind == DeviceKind::cpu || std::ranges::any_of(network.operations(), isRandom)) return nothing;
  const std::int64_t checked = std::min(kChecked, count);
  ValueMap few;
  for (const auto& [id, tensor] : given) {
    // Values without an axis of samples are the same for all; networks of a fixed batch are not cut.
    if (!network.value(id).declaredShape.empty() && network.value(id).declaredShape[0] == count) return nothing;
    few[id] = tensor.shape().rank() > 0 && tensor.shape()[0] == count ? firstOf(tensor, checked) : onHost(tensor);
  }
  if (found.shape().rank() == 0 || found.shape()[0] != count) return nothing;
  Context processor = context;
  processor.device = {};
  processor.deviceCount = 1;
  return [&network, processor, few, wanted, there = firstOf(toFloat(found), checked), rounded = context.roundedProducts] {
    const std::vector<ValueId> list{wanted};
    const Tensor expected = toFloat(Executor(network, processor).run(few, list).at(wanted));
    const auto a = expected.data<float>(), b = there.data<float>();
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(a[i])));
      const double apart = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))
                               ? 0
                               : std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
      difference = std::isnan(apart) ? HUGE_VAL : std::max(difference, apart);
    }
    if (difference <= (rounded || hasHalves(network) ? kRoundedTolerance : kTolerance) * largest) return;
    throw Error(ErrorKind::failed, "the device computes other answers than the CPU: they differ by " +
                                       std::to_string(difference) + " where the largest is " +
                                       std::to_string(largest))
        .in(network.file)
        .remedy("compute on the CPU, and report this with the network and the device's name");
  };
}

}  // namespace planish
