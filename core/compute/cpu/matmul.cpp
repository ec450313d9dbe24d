#include "core/base/parallel.h"
#include "core/compute/cpu/support/packed_product.h"
#include "core/compute/kernel_registry.h"
#include "core/compute/operation_cache.h"

#include <algorithm>
#include <list>

namespace planish::cpu {
namespace {

/// The right-hand matrices of the last calls, packed: a weight stays the same from call to call.
class ProductState : public KernelState {
 public:
  const PackedMatrix& packed(const Tensor& right, std::int64_t depth, std::int64_t columns, bool transposed) {
    for (auto it = m_kept.begin(); it != m_kept.end(); ++it) {
      if (!it->identity.matches(&right)) continue;
      m_kept.splice(m_kept.begin(), m_kept, it);
      return m_kept.front().matrix;
    }
    if (m_kept.size() >= kKept) m_kept.splice(m_kept.begin(), m_kept, std::prev(m_kept.end()));
    else m_kept.emplace_front();
    m_kept.front().identity = TensorIdentity(&right);
    pack(right.data<float>().data(), depth, columns, transposed ? 1 : columns, transposed ? depth : 1, m_kept.front().matrix);
    return m_kept.front().matrix;
  }

 private:
  static constexpr std::size_t kKept = 2;  ///< the network's own weights and a candidate's
  struct Kept {
    TensorIdentity identity{nullptr};
    PackedMatrix matrix;
  };
  std::list<Kept> m_kept;
};

ProductState& stateOf(KernelCall& call) {
  if (!call.state()) call.state() = std::make_shared<ProductState>();
  return static_cast<ProductState&>(*call.state());
}

/// A plain row-major left side times one packed matrix.
struct Product {
  const float* left;
  std::int64_t rows;
  const PackedMatrix& matrix;
  const float* bias;      ///< filled up to whole panels, or nullptr
  const float* residual;  ///< or nullptr
  const Activation& activation;
  float* out;
};

void multiplyRows(const Product& product, std::int64_t first, std::int64_t count, std::vector<const float*>& pointers) {
  const std::int64_t depth = product.matrix.depth, columns = product.matrix.columns;
  const std::int64_t padded = (count + kTileRows - 1) / kTileRows * kTileRows;
  pointers.resize(static_cast<std::size_t>(padded));
  for (std::int64_t r = 0; r < padded; ++r) pointers[static_cast<std::size_t>(r)] = product.left + (first + std::min(r, count - 1)) * depth;
  const float* residual = product.residual ? product.residual + first * columns : nullptr;
  multiply(product.matrix, {count, 1, depth, pointers.data()}, {product.out + first * columns, columns, product.bias, residual, columns, product.activation});
}

void multiplyBlocks(const Product& product, int threads) {
  std::int64_t block = blockRows(product.matrix);
  if (threads > 1) block = std::clamp((product.rows / threads + kTileRows - 1) / kTileRows * kTileRows, kTileRows, block);
  const std::int64_t blocks = (product.rows + block - 1) / block;
  const std::int64_t work = std::max<std::int64_t>(1, block * product.matrix.depth * product.matrix.columns);
  parallelFor(threads, blocks, std::max<std::int64_t>(1, 65536 / work), [&](std::int64_t from, std::int64_t to) {
    std::vector<const float*> pointers;
    for (std::int64_t b = from; b < to; ++b) multiplyRows(product, b * block, std::min(block, product.rows - b * block), pointers);
  });
}

AlignedFloats paddedBias(std::int64_t columns) {
  AlignedFloats bias((columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns);
  std::fill_n(bias.data(), bias.count(), 0.0F);
  return bias;
}

/// Number of the matrix of a broadcast stack that goes with matrix `index` of the result.
std::int64_t stackIndex(const Shape& stack, const Shape& result, std::int64_t index) {
  std::int64_t found = 0, step = 1;
  for (int axis = 1; axis <= result.rank() - 2; ++axis) {
    const std::int64_t size = result[-2 - axis], at = index % size;
    index /= size;
    if (axis > stack.rank() - 2) continue;
    const std::int64_t own = stack[-2 - axis];
    if (own != 1) found += at * step;
    step *= own;
  }
  return found;
}

void runMatMul(KernelCall& call) {
  const Tensor &left = call.input(0), &right = call.input(1);
  Tensor& output = call.makeOutput(0);
  const Shape& shape = output.shape();
  const std::int64_t rows = left.shape()[-2], depth = left.shape()[-1], columns = right.shape()[-1];
  const int threads = call.context().threads;
  const Epilogue none;
  const Epilogue& epilogue = call.epilogue() ? *call.epilogue() : none;
  AlignedFloats bias;
  if (epilogue.bias) {
    bias = paddedBias(columns);
    std::copy_n(epilogue.bias->data<float>().data(), columns, bias.data());
  }
  const float* residual = epilogue.residual ? epilogue.residual->data<float>().data() : nullptr;
  const float* a = left.data<float>().data();
  float* out = output.writable<float>().data();
  if (right.shape().rank() == 2) {
    const PackedMatrix& matrix = stateOf(call).packed(right, depth, columns, false);
    multiplyBlocks({a, left.count() / depth, matrix, bias.data(), residual, epilogue.activation, out}, threads);
    return;
  }
  const float* b = right.data<float>().data();
  const std::int64_t stacks = shape.count(0, shape.rank() - 2);
  const std::int64_t work = std::max<std::int64_t>(1, rows * depth * columns);
  parallelFor(threads, stacks, std::max<std::int64_t>(1, 65536 / work), [&](std::int64_t from, std::int64_t to) {
    PackedMatrix matrix;
    std::vector<const float*> pointers;
    for (std::int64_t i = from; i < to; ++i) {
      pack(b + stackIndex(right.shape(), shape, i) * depth * columns, depth, columns, columns, 1, matrix);
      const std::int64_t offset = i * rows * columns;
      const Product product{a + stackIndex(left.shape(), shape, i) * rows * depth, rows, matrix, bias.data(), residual ? residual + offset : nullptr, epilogue.activation,
                            out + offset};
      multiplyRows(product, 0, rows, pointers);
    }
  });
}

void runGemm(KernelCall& call) {
  const Tensor &left = call.input(0), &right = call.input(1);
  Tensor& output = call.makeOutput(0);
  const std::int64_t rows = left.shape()[0], depth = left.shape()[1], columns = output.shape()[1];
  const Epilogue none;
  const Epilogue& epilogue = call.epilogue() ? *call.epilogue() : none;
  AlignedFloats bias = paddedBias(columns);
  if (call.hasInput(2)) {
    const auto given = call.input(2).data<float>();
    const float beta = call.attributes().number("beta", 1);
    for (std::int64_t n = 0; n < columns; ++n) bias.data()[n] = beta * given[given.size() == 1 ? 0 : static_cast<std::size_t>(n)];
  }
  if (epilogue.bias)
    for (std::int64_t n = 0; n < columns; ++n) bias.data()[n] += epilogue.bias->data<float>()[static_cast<std::size_t>(n)];
  const PackedMatrix& matrix = stateOf(call).packed(right, depth, columns, call.attributes().whole("transB", 0) != 0);
  multiplyBlocks({left.data<float>().data(), rows, matrix, bias.data(), epilogue.residual ? epilogue.residual->data<float>().data() : nullptr, epilogue.activation,
                  output.writable<float>().data()},
                 call.context().threads);
}

std::string declinesTypes(const KernelQuery& query) {
  for (const auto& input : query.inputs) {
    if (input && input->type != DataType::float32) return "takes float32 only";
    if (input && input->shape.count() == 0) return "takes no empty tensors";
  }
  return {};
}

std::string declinesMatMul(const KernelQuery& query) {
  if (const auto reason = declinesTypes(query); !reason.empty()) return reason;
  if (query.inputs[0]->shape.rank() < 2 || query.inputs[1]->shape.rank() < 2) return "takes matrices, no vectors";
  return {};
}

std::string declinesGemm(const KernelQuery& query) {
  if (const auto reason = declinesTypes(query); !reason.empty()) return reason;
  const auto& attributes = query.operation.attributes;
  if (attributes.whole("transA", 0) != 0) return "takes no transposed left side";
  if (attributes.number("alpha", 1) != 1) return "takes alpha 1 only";
  if (query.inputs.size() < 3 || !query.inputs[2]) return {};
  const Shape& added = query.inputs[2]->shape;
  if (added.count() != 1 && added.count(0, added.rank() - 1) != 1) return "takes a row vector as C";
  const std::int64_t columns = query.inputs[1]->shape[attributes.whole("transB", 0) != 0 ? 0 : 1];
  if (added.count() != 1 && added.count() != columns) return "takes a row vector as C";
  return {};
}

}  // namespace

void matmul(KernelRegistry& registry) {
  registry.add({.type = "MatMul", .domain = "", .name = "packed", .fuses = true, .declines = declinesMatMul, .run = runMatMul});
  registry.add({.type = "Gemm", .domain = "", .name = "packed", .fuses = true, .declines = declinesGemm, .run = runGemm});
}

}  // namespace planish::cpu
