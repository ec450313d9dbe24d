#include "core/compression/compressed_tensor.h"

#include "core/base/error.h"

namespace planish {

Tensor CompressedTensor::decode() const {
  if (planes.empty()) throw Error(ErrorKind::failed, "a compressed weight without planes");
  Tensor sum = planes.front()->decode();
  for (std::size_t i = 1; i < planes.size(); ++i) {
    const Tensor addend = planes[i]->decode();
    Tensor next(DataType::float32, sum.shape());
    auto out = next.writable<float>();
    const auto a = sum.data<float>(), b = addend.data<float>();
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = a[k] + b[k];
    sum = next;
  }
  return sum;
}

Bits CompressedTensor::bits() const {
  Bits total;
  for (const auto& plane : planes) total += plane->bits();
  return total;
}

}  // namespace planish
