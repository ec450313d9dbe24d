#include "core/compute/cuda/kernels/elementwise.h"
#include "core/compute/cuda/kernels/product.h"

#include <cublasLt.h>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>

namespace planish::cuda {
namespace {

constexpr std::int64_t kLeastColumns = 16, kAlignment = 16;
/// The way of a product is chosen for so many rows, whatever it has: sums then stand in one order for all
/// numbers of rows.
constexpr std::int64_t kUsualRows = 16384;

/// Everything but the number of rows and the pointers.
using Key = std::tuple<int, DataType, bool, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                       std::int64_t, bool, bool, bool>;

struct Way {
  bool found = false;
  cublasLtMatmulDescOpaque_t description{};
  cublasLtMatmulAlgo_t algorithm{};
};

cudaDataType_t typeOf(DataType type) {
  return type == DataType::float32 ? CUDA_R_32F : type == DataType::float16 ? CUDA_R_16F : CUDA_R_16BF;
}

template <typename Value>
void set(cublasLtMatmulDescOpaque_t& description, cublasLtMatmulDescAttributes_t attribute, Value value) {
  check(cublasLtMatmulDescSetAttribute(&description, attribute, &value, sizeof value),
        "describing a product");
}

/// The matrices as the library sees them: columns first, so that out^T = b^T a^T.
struct Matrices {
  cublasLtMatrixLayoutOpaque_t a{}, b{}, out{};
  Matrices(const Product& p, std::int64_t rows) {
    const cudaDataType_t type = typeOf(p.type);
    const auto unsignedOf = [](std::int64_t x) { return static_cast<std::uint64_t>(x); };
    check(cublasLtMatrixLayoutInit(&b, type, unsignedOf(p.columns), unsignedOf(p.depth), p.bStride),
          "describing a product");
    check(cublasLtMatrixLayoutInit(&a, type, unsignedOf(p.depth), unsignedOf(rows), p.aStride),
          "describing a product");
    check(cublasLtMatrixLayoutInit(&out, type, unsignedOf(p.columns), unsignedOf(rows), p.outStride),
          "describing a product");
  }
};

/// The library does this one activation itself, behind the bias.
bool endsInRelu(const Product& p) {
  return p.typedBias && p.activation.kind == Activation::Kind::clip && p.activation.low == 0 &&
         p.activation.high == std::numeric_limits<float>::infinity();
}

Way findWay(cublasLtHandle_t library, const Product& p) {
  Way way;
  const bool rounded = p.type == DataType::float32 && p.rounded;
  check(cublasLtMatmulDescInit(&way.description, rounded ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
                               CUDA_R_32F),
        "describing a product");
  if (p.typedBias) {
    set(way.description, CUBLASLT_MATMUL_DESC_EPILOGUE,
        endsInRelu(p) ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS);
    set(way.description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.typedBias);
  }
  cublasLtMatmulPreferenceOpaque_t preference{};
  check(cublasLtMatmulPreferenceInit(&preference), "choosing a product's kernel");
  const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    check(cublasLtMatmulPreferenceSetAttribute(&preference, attribute, &value, sizeof value),
          "choosing a product's kernel");
  };
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t(0));
  prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
         static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    prefer(attribute, static_cast<std::uint32_t>(kAlignment));
  Matrices usual(p, kUsualRows);
  cublasLtMatmulHeuristicResult_t result{};
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      library, &way.description, &usual.b, &usual.a, &usual.out, &usual.out, &preference, 1, &result, &count);
  way.found = status == CUBLAS_STATUS_SUCCESS && count > 0 && result.state == CUBLAS_STATUS_SUCCESS;
  way.algorithm = result.algo;
  return way;
}

bool suits(const Product& p) {
  const std::int64_t bytes = bitsOf(p.type) / 8;
  for (const std::int64_t size : {p.columns, p.depth, p.aStride, p.bStride, p.outStride})
    if (size * bytes % kAlignment != 0) return false;
  for (const void* pointer : {p.a, p.b, static_cast<const void*>(p.out), p.residual, p.typedBias})
    if (reinterpret_cast<std::uintptr_t>(pointer) % kAlignment != 0) return false;
  return !p.patches && p.outer * p.inner == 1 && p.columns >= kLeastColumns && p.outStride == p.columns &&
         (!p.bias || p.typedBias);
}

}  // namespace

bool multiplyByLibrary(const DeviceState& state, const Product& p) {
  if (!suits(p)) return false;
  static auto* ways = new std::map<Key, Way>();
  static auto* guard = new std::mutex();
  const auto library = reinterpret_cast<cublasLtHandle_t>(state.blas());
  const bool biased = p.typedBias != nullptr, added = p.residual != nullptr;
  Way way;
  {
    const std::lock_guard lock(*guard);
    const Key key{state.index(), p.type,    p.rounded,   p.columns, p.depth,
                  p.aStride,     p.bStride, p.outStride, biased,    added, endsInRelu(p)};
    auto found = ways->find(key);
    if (found == ways->end()) found = ways->emplace(key, findWay(library, p)).first;
    way = found->second;
  }
  if (!way.found) return false;
  if (biased) set(way.description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.typedBias);
  Matrices matrices(p, p.rows);
  const float one = 1, before = added ? 1 : 0;
  const cublasStatus_t status =
      cublasLtMatmul(library, &way.description, &one, p.b, &matrices.b, p.a, &matrices.a, &before,
                     added ? p.residual : p.out, &matrices.out, p.out, &matrices.out, &way.algorithm, nullptr,
                     0, state.stream());
  check(status, "matrix product");
  if (p.activation.kind != Activation::Kind::none && !endsInRelu(p))
    activate(state, p.activation, p.type, p.out, p.out, p.rows * p.columns);
  return true;
}

}  // namespace planish::cuda
