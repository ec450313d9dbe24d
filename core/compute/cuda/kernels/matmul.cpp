#include "core/compute/operations/matmul_shapes.h"

#include "core/compute/cuda/kernels/movement.h"
#include "core/compute/cuda/kernels/prepared.h"
#include "core/compute/cuda/kernels/product.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

/// Strides of a stack's matrices over the result's stacks, joined to at most two dimensions; nothing if more remain.
struct Stacks {
  std::int64_t outer = 1, inner = 1, aOuter = 0, aInner = 0, bOuter = 0, bInner = 0;
};

std::optional<Stacks> stacksOf(const operations::MatmulShapes& shapes) {
  struct Axis {
    std::int64_t size, a, b;
  };
  std::vector<Axis> axes;  // innermost first
  const auto strideOf = [](const Shape& stack, int fromEnd, std::int64_t matrix) -> std::int64_t {
    if (fromEnd > stack.rank() || stack[-fromEnd] == 1) return 0;
    return stack.count(stack.rank() - fromEnd + 1, stack.rank()) * matrix;
  };
  for (int i = 1; i <= shapes.batch.rank(); ++i) {
    const Axis axis{shapes.batch[-i], strideOf(shapes.leftBatch, i, shapes.rows * shapes.depth), strideOf(shapes.rightBatch, i, shapes.depth * shapes.columns)};
    if (axis.size == 1) continue;
    if (!axes.empty() && axis.a == axes.back().a * axes.back().size && axis.b == axes.back().b * axes.back().size) axes.back().size *= axis.size;
    else axes.push_back(axis);
  }
  if (axes.size() > 2) return {};
  Stacks stacks;
  if (!axes.empty()) stacks.inner = axes[0].size, stacks.aInner = axes[0].a, stacks.bInner = axes[0].b;
  if (axes.size() == 2) stacks.outer = axes[1].size, stacks.aOuter = axes[1].a, stacks.bOuter = axes[1].b;
  return stacks;
}

std::string declinesMatMul(const KernelQuery& query) {
  if (const auto reason = declinesFloats(query); !reason.empty()) return reason;
  if (!stacksOf({query.inputs[0]->shape, query.inputs[1]->shape})) return "takes stacks that stretch along one axis";
  return {};
}

std::string declinesGemm(const KernelQuery& query) {
  if (const auto reason = declinesFloats(query); !reason.empty()) return reason;
  const auto& attributes = query.operation.attributes;
  if (attributes.number("alpha", 1) != 1) return "takes alpha 1 only";
  if (query.inputs.size() < 3 || !query.inputs[2]) return {};
  const Shape& added = query.inputs[2]->shape;
  const std::int64_t columns = query.inputs[1]->shape[attributes.whole("transB", 0) != 0 ? 0 : 1];
  if (added.count() != 1 && (added.count() != columns || added[-1] != columns)) return "takes a row vector as C";
  return {};
}

/// [rows, columns] turned.
void turn(DeviceCall& call, const Tensor& matrix, void* to, std::int64_t stride) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  copyRegion(call.state(), bitsOf(matrix.type()) / 8, dataOf(matrix), to, {{columns, rows}, {1, columns}, {stride, 1}, 0, 0});
}

void finish(DeviceCall& call, Product& product, const Tensor& bias) {
  const Epilogue* epilogue = call.call().epilogue();
  product.type = call.call().input(0).type();
  product.rounded = call.call().context().roundedProducts;
  if (bias.defined()) product.bias = dataOf<float>(bias);
  if (epilogue) {
    product.activation = epilogue->activation;
    if (epilogue->residual) product.residual = dataOf(call.there(*epilogue->residual));
  }
  product.out = call.output();
  multiply(call.state(), product);
}

void runMatMul(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor &left = call.input(0), &right = call.input(1);
  const operations::MatmulShapes shapes(left.shape(), right.shape());
  const Stacks stacks = *stacksOf(shapes);
  Product product;
  product.rows = shapes.rows;
  product.columns = product.bStride = product.outStride = shapes.columns;
  product.depth = product.aStride = shapes.depth;
  product.outer = stacks.outer, product.inner = stacks.inner;
  product.aOuter = stacks.aOuter, product.aInner = stacks.aInner, product.bOuter = stacks.bOuter, product.bInner = stacks.bInner;
  product.outInner = shapes.rows * shapes.columns;
  product.outOuter = product.outInner * stacks.inner;
  if (stacks.outer == 1 && stacks.bInner == 0 && stacks.aInner == shapes.rows * shapes.depth) {  // one right side for all: one product
    product.rows *= product.inner;
    product.inner = 1;
  }
  product.a = dataOf(left);
  product.b = dataOf(right);
  Tensor bias;
  if (const Epilogue* epilogue = kernel.epilogue(); epilogue && epilogue->bias) {
    const auto& prepared = PreparedWeights::of(kernel, {epilogue->bias}, [&](PreparedWeights::Entry& made) {
             made.typedBias = call.there(*epilogue->bias);
             made.bias = call.scratch(DataType::float32, {shapes.columns});
             addVectors(call.state(), left.type(), dataOf(call.there(*epilogue->bias)), false, 1, nullptr, dataOf<float>(made.bias), shapes.columns);
    });
    product.typedBias = dataOf(prepared.typedBias);
    bias = prepared.bias;
  }
  finish(call, product, bias);
}

void runGemm(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor &left = call.input(0), &right = call.input(1);
  const bool turnLeft = kernel.attributes().whole("transA", 0) != 0, turnRight = kernel.attributes().whole("transB", 0) != 0;
  const DataType type = left.type();
  Product product;
  product.rows = left.shape()[turnLeft ? 1 : 0];
  product.depth = product.aStride = left.shape()[turnLeft ? 0 : 1];
  product.columns = product.outStride = right.shape()[turnRight ? 0 : 1];
  Tensor turned;
  if (turnLeft) {
    turned = call.scratch(type, {product.rows, product.depth});
    turn(call, left, dataOf(turned), product.depth);
  }
  product.a = dataOf(turnLeft ? turned : left);
  const Tensor* added = kernel.hasInput(2) ? &kernel.input(2) : nullptr;
  const Tensor* bias = kernel.epilogue() ? kernel.epilogue()->bias : nullptr;
  // The one vector that is added as it is.
  const Tensor* typed = bias && !added ? bias : added && !bias && added->count() == product.columns && kernel.attributes().number("beta", 1) == 1 ? added : nullptr;
  const auto& prepared = PreparedWeights::of(kernel, {&right, added, bias}, [&](PreparedWeights::Entry& made) {
    if (typed) made.typedBias = call.there(*typed);
    if (turnRight) {
      const std::int64_t stride = (product.columns + 7) / 8 * 8;
      made.weight = call.scratch(type, {product.depth, stride});
      check(cudaMemsetAsync(dataOf(made.weight), 0, static_cast<std::size_t>(made.weight.byteSize()), call.state().stream()), "clearing device memory");
      turn(call, right, dataOf(made.weight), stride);
    }
    if (added || bias) {
      made.bias = call.scratch(DataType::float32, {product.columns});
      addVectors(call.state(), type, added ? dataOf(call.there(*added)) : nullptr, added && added->count() == 1, kernel.attributes().number("beta", 1),
                 bias ? dataOf(call.there(*bias)) : nullptr, dataOf<float>(made.bias), product.columns);
    }
  });
  product.b = dataOf(turnRight ? prepared.weight : right);
  product.bStride = turnRight ? prepared.weight.shape()[1] : product.columns;
  if (typed) product.typedBias = dataOf(prepared.typedBias);
  finish(call, product, prepared.bias);
}

}  // namespace

void matmul(KernelRegistry& registry) {
  addDeviceKernel(registry, "MatMul", declinesMatMul, runMatMul, KernelLayouts::plain, true);
  addDeviceKernel(registry, "Gemm", declinesGemm, runGemm, KernelLayouts::plain, true);
}

}  // namespace planish::cuda_kernels
