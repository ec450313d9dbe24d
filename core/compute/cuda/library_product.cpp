#include "core/compute/cuda/kernels/elementwise.h"
#include "core/compute/cuda/kernels/product.h"
#include "core/tensor/float_types.h"

#include <algorithm>
#include <cublasLt.h>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <tuple>
#include <vector>

namespace planish::cuda {
namespace {

constexpr std::int64_t kLeastColumns = 16, kAlignment = 16;
/// The way of a product is chosen for so many rows, whatever it has: sums then stand in one order for all
/// numbers of rows. Few rows take a way of their own where it gives the same bytes.
constexpr std::int64_t kUsualRows = 16384;
/// Ways for few rows are chosen for the first number of these that is not less, tried with kTrialRows.
constexpr std::int64_t kFewRows[] = {256, 2048};
constexpr std::int64_t kTrialRows = 200;
constexpr int kMostTrials = 8;

/// Everything but the number of rows, for which the way is chosen, and the pointers.
using Key = std::tuple<int, DataType, bool, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                       std::int64_t, bool, bool, bool, std::int64_t>;

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

/// What the library thinks best for so many rows, the best first.
std::vector<Way> findWays(cublasLtHandle_t library, const Product& p, std::int64_t rows, int most) {
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
  Matrices usual(p, rows);
  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<std::size_t>(most));
  int count = 0;
  if (cublasLtMatmulAlgoGetHeuristic(library, &way.description, &usual.b, &usual.a, &usual.out, &usual.out,
                                     &preference, most, results.data(), &count) != CUBLAS_STATUS_SUCCESS)
    return {};
  results.resize(static_cast<std::size_t>(count));
  std::vector<Way> ways;
  way.found = true;
  for (const auto& result : results) {
    if (result.state != CUBLAS_STATUS_SUCCESS) continue;
    way.algorithm = result.algo;
    ways.push_back(way);
  }
  return ways;
}

cublasStatus_t run(const DeviceState& state, Way way, const Product& p) {
  if (p.typedBias) set(way.description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.typedBias);
  Matrices matrices(p, p.rows);
  const float one = 1, before = p.residual ? 1 : 0;
  return cublasLtMatmul(reinterpret_cast<cublasLtHandle_t>(state.blas()), &way.description, &one, p.b,
                        &matrices.b, p.a, &matrices.a, &before, p.residual ? p.residual : p.out,
                        &matrices.out, p.out, &matrices.out, &way.algorithm, nullptr, 0, state.stream());
}

/// A product of the same kind on numbers of its own.
class Trial {
 public:
  Trial(const DeviceState& state, const Product& like) : m_state(state), m_product(like) {
    m_product.rows = kTrialRows;
    m_product.a = fill(m_a, kTrialRows * like.aStride);
    m_product.b = fill(m_b, like.depth * like.bStride);
    if (like.typedBias) m_product.typedBias = fill(m_bias, like.columns);
    if (like.residual) m_product.residual = fill(m_residual, kTrialRows * like.outStride);
    m_out = Array<std::byte>(state, kTrialRows * like.outStride * bitsOf(like.type) / 8);
    m_product.out = m_out.data();
  }

  /// Nothing if the way is refused.
  std::vector<std::byte> bytesOf(const Way& way) {
    check(cudaMemsetAsync(m_out.data(), 0xFF, static_cast<std::size_t>(m_out.count()), m_state.stream()),
          "clearing device memory");
    if (run(m_state, way, m_product) != CUBLAS_STATUS_SUCCESS) return {};
    std::vector<std::byte> bytes(static_cast<std::size_t>(m_out.count()));
    copy(m_state, bytes.data(), m_out.data(), m_out.count());
    return bytes;
  }

 private:
  const void* fill(Array<std::byte>& place, std::int64_t count) {
    std::normal_distribution<float> normal;
    Tensor numbers(DataType::float32, Shape{count});
    for (float& number : numbers.writable<float>())
      number = normal(m_random);
    const Tensor typed = cast(numbers, m_product.type);
    place = Array<std::byte>(m_state, typed.byteSize());
    copy(m_state, place.data(), typed.bytes().data(), typed.byteSize());
    return place.data();
  }

  const DeviceState& m_state;
  Product m_product;
  std::mt19937 m_random{1};
  Array<std::byte> m_a, m_b, m_bias, m_residual, m_out;
};

/// The best of the ways for so many rows that give the bytes of the usual one, which is the last choice.
Way wayFor(const DeviceState& state, const Product& p, std::int64_t rows) {
  const auto library = reinterpret_cast<cublasLtHandle_t>(state.blas());
  const auto usual = findWays(library, p, kUsualRows, 1);
  if (usual.empty()) return {};
  if (rows == kUsualRows) return usual[0];
  Trial trial(state, p);
  const auto expected = trial.bytesOf(usual[0]);
  for (const Way& way : findWays(library, p, rows, kMostTrials))
    if (!expected.empty() && trial.bytesOf(way) == expected) return way;
  return usual[0];
}

bool isRecording(const DeviceState& state) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(state.stream(), &status), "asking for what is recorded");
  return status != cudaStreamCaptureStatusNone;
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
  Way way;
  {
    const std::lock_guard lock(*guard);
    const auto keyOf = [&](std::int64_t rows) {
      return Key{state.index(),
                 p.type,
                 p.rounded,
                 p.columns,
                 p.depth,
                 p.aStride,
                 p.bStride,
                 p.outStride,
                 p.typedBias != nullptr,
                 p.residual != nullptr,
                 endsInRelu(p),
                 rows};
    };
    const auto* few =
        std::find_if(std::begin(kFewRows), std::end(kFewRows), [&](auto most) { return p.rows <= most; });
    std::int64_t rows = few == std::end(kFewRows) ? kUsualRows : *few;
    auto place = ways->find(keyOf(rows));
    if (place == ways->end() && rows != kUsualRows && isRecording(state))  // nothing can be tried
      place = ways->find(keyOf(rows = kUsualRows));
    if (place == ways->end()) place = ways->emplace(keyOf(rows), wayFor(state, p, rows)).first;
    way = place->second;
  }
  if (!way.found) return false;
  check(run(state, way, p), "matrix product");
  if (p.activation.kind != Activation::Kind::none && !endsInRelu(p))
    activate(state, p.activation, p.type, p.out, p.out, p.rows * p.columns);
  return true;
}

}  // namespace planish::cuda
