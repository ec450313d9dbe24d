#include "core/compute/cuda/weighted_svd.h"

#include "core/base/error.h"
#include "core/compute/cuda/factor.h"

#include <algorithm>
#include <cmath>
#include <string>

// The library's matrices are column-major: a row-major [r, c] is to it the transposed one, of c rows. So the
// lower factor S of A = S S^T is its upper triangle S^T, and D [rows, columns] is D^T.

namespace planish::cuda {
namespace {

constexpr int kThreads = 256;
/// Numbers of an error that are multiplied by the Gram matrix at one time.
constexpr std::int64_t kErrorsAtOnce = std::int64_t(1) << 22;
/// Singular values below this share of the largest are not told from 0 (linear_algebra.h).
constexpr double kLeastShare = 1e-7;

unsigned blocksOf(std::int64_t count) {
  return static_cast<unsigned>((count + kThreads - 1) / kThreads);
}

__global__ void widen(const float* __restrict__ source, std::int64_t count, double* __restrict__ target) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) target[i] = source[i];
}

__global__ void readDiagonal(const double* __restrict__ matrix, std::int64_t n,
                             double* __restrict__ diagonal) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < n) diagonal[i] = matrix[i * (n + 1)];
}

__global__ void addToDiagonal(double* matrix, std::int64_t n, double value) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < n) matrix[i * (n + 1)] += value;
}

/// Places of the elements of vectors.
struct Places {
  std::int64_t vector, element;  ///< strides
};

/// A block for each of `rank` vectors, stored the last first: turns the sign of its factor where the first of
/// its largest elements is negative, as the processor's are fixed.
__global__ void turnSigns(const double* __restrict__ source, Places from, std::int64_t count,
                          std::int64_t rank, double* __restrict__ here, double* __restrict__ there) {
  __shared__ double sizes[kThreads];
  __shared__ std::int64_t places[kThreads];
  const std::int64_t k = blockIdx.x;
  const double* vector = source + (rank - 1 - k) * from.vector;
  double size = -1;
  std::int64_t place = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += kThreads)
    if (const double own = fabs(vector[i * from.element]); own > size) size = own, place = i;
  sizes[threadIdx.x] = size;
  places[threadIdx.x] = place;
  for (int step = kThreads / 2; step > 0; step /= 2) {
    __syncthreads();
    const int other = threadIdx.x + step;
    if (threadIdx.x >= step) continue;
    const bool less = sizes[other] < sizes[threadIdx.x];
    if (less || (sizes[other] == sizes[threadIdx.x] && places[other] >= places[threadIdx.x])) continue;
    sizes[threadIdx.x] = sizes[other];
    places[threadIdx.x] = places[other];
  }
  if (threadIdx.x > 0 || !(vector[places[0] * from.element] < 0)) return;
  here[k] = -here[k];
  there[k] = -there[k];
}

/// `rank` vectors of `count` elements, stored the last first, times one factor each, the first first.
__global__ void scaleVectors(const double* __restrict__ source, Places from, std::int64_t count,
                             std::int64_t rank, const double* __restrict__ factors,
                             float* __restrict__ target, Places to) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count * rank) return;
  const bool along = to.element == 1;
  const std::int64_t k = along ? i / count : i % rank, element = along ? i % count : i / rank;
  const double value = source[(rank - 1 - k) * from.vector + element * from.element];
  target[k * to.vector + element * to.element] = static_cast<float>(factors[k] * value);
}

Array<double> doubles(const DeviceState& state, const float* source, std::int64_t count) {
  Array<double> result(state, count);
  widen<<<blocksOf(count), kThreads, 0, state.stream()>>>(source, count, result.data());
  checkLaunch("widening numbers");
  return result;
}

std::vector<double> diagonalOf(const DeviceState& state, const double* matrix, std::int64_t n) {
  Array<double> there(state, n);
  readDiagonal<<<blocksOf(n), kThreads, 0, state.stream()>>>(matrix, n, there.data());
  checkLaunch("reading a diagonal");
  std::vector<double> diagonal(static_cast<std::size_t>(n));
  copy(state, diagonal.data(), there.data(), n);
  return diagonal;
}

/// B [n, count] of the library becomes S^T B or, `transposed`, S B.
void multiplyByRoot(const DeviceState& state, const double* root, std::int64_t n, bool transposed, double* b,
                    std::int64_t count) {
  const double one = 1;
  const auto size = static_cast<int>(n);
  check(cublasDtrmm(state.blas(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_UPPER,
                    transposed ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, size,
                    static_cast<int>(count), &one, root, size, b, size, b, size),
        "product with a Cholesky factor");
}

/// Replaces a symmetric matrix, of which one triangle is read, by its eigenvectors, one after another; values
/// rise. False if the iteration does not converge.
bool eigenvectors(const DeviceState& state, double* matrix, std::int64_t n, std::vector<double>& values) {
  struct Parameters {
    Parameters() { check(cusolverDnCreateParams(&handle), "eigenvectors"); }
    ~Parameters() { cusolverDnDestroyParams(handle); }
    cusolverDnParams_t handle = nullptr;
  } parameters;
  constexpr auto type = CUDA_R_64F;
  constexpr auto wanted = CUSOLVER_EIG_MODE_VECTOR;
  constexpr auto triangle = CUBLAS_FILL_MODE_LOWER;
  Array<double> found(state, n);
  std::size_t deviceBytes = 0, hostBytes = 0;
  check(cusolverDnXsyevd_bufferSize(state.solver(), parameters.handle, wanted, triangle, n, type, matrix, n,
                                    type, found.data(), type, &deviceBytes, &hostBytes),
        "eigenvectors");
  Array<std::byte> work(state, static_cast<std::int64_t>(deviceBytes));
  std::vector<std::byte> hostWork(hostBytes);
  Array<int> status(state, 1);
  check(cusolverDnXsyevd(state.solver(), parameters.handle, wanted, triangle, n, type, matrix, n, type,
                         found.data(), type, work.data(), deviceBytes, hostWork.data(), hostBytes,
                         status.data()),
        "eigenvectors");
  int result = 0;
  copy(state, &result, status.data(), 1);
  values.resize(static_cast<std::size_t>(n));
  copy(state, values.data(), found.data(), n);
  return result == 0;
}

/// S of A = S S^T, [columns, columns], row-major and lower; no numbers: the identity.
struct Root {
  std::int64_t columns = 0;
  Array<double> numbers;
};

Root rootOf(const DeviceState& state, const DeviceSvdProblem& problem) {
  const std::int64_t n = problem.columns;
  Root root{n, {}};
  if (!problem.gram) return root;
  const OnDevice<double> gram(state, problem.gram, n * n);
  double mean = 0;
  for (const double value : diagonalOf(state, gram.data(), n))
    mean += value / static_cast<double>(n);
  if (!(mean > 0)) mean = 1;
  root.numbers = Array<double>(state, n * n);
  for (double tried = problem.ridge;; tried = tried > 0 ? tried * 10 : 1e-9) {
    copy(state, root.numbers.data(), gram.data(), n * n);
    addToDiagonal<<<blocksOf(n), kThreads, 0, state.stream()>>>(root.numbers.data(), n, tried * mean);
    checkLaunch("adding a ridge");
    if (choleskyInPlace(state, root.numbers.data(), n)) {
      // What is not finite anywhere shows in the diagonal of the factor.
      const auto diagonal = diagonalOf(state, root.numbers.data(), n);
      if (std::all_of(diagonal.begin(), diagonal.end(), [](double d) { return d > 0 && std::isfinite(d); }))
        return root;
    }
    if (tried > 1) throw Error(ErrorKind::failed, "the inputs' Gram matrix has no Cholesky factor");
  }
}

/// With P = D S = U Z V^T. Wide D: U from the eigenvectors of P P^T, and Z^1/2 V^T S^-1 = Z^-1/2 U^T D needs
/// no solving. Tall D: V from those of P^T P, U Z^1/2 = D (S V) Z^-1/2, and V^T S^-1 is solved for.
class Svd : public DeviceSvd {
 public:
  Svd(const DeviceState& state, std::shared_ptr<const Root> root, const float* matrix, std::int64_t rows,
      const Progress& progress)
      : m_state(state), m_root(std::move(root)), m_rows(rows), m_columns(m_root->columns),
        m_least(std::min(m_rows, m_columns)), m_wide(m_rows <= m_columns), m_matrix(state, rows * m_columns) {
    progress.throwIfStopped();
    copy(state, m_matrix.data(), matrix, m_matrix.count());
    makeGram();
    for (const double value : diagonalOf(state, m_vectors.data(), m_least))
      if (!std::isfinite(value)) throw failed("are not finite");
    progress.throwIfStopped();
    std::vector<double> rising;
    if (!eigenvectors(state, m_vectors.data(), m_least, rising)) throw failed("did not converge");
    progress.throwIfStopped();
    for (auto square = rising.rbegin(); square != rising.rend(); ++square)
      m_values.push_back(std::sqrt(std::max(0.0, *square)));
    for (double& value : m_values)
      if (value <= kLeastShare * m_values.front()) value = 0;
  }
  ~Svd() override { cudaSetDevice(m_state.ordinal()); }

  const std::vector<double>& values() const override { return m_values; }

  void factors(std::int64_t rank, float* left, float* right) const override {
    if (rank < 1 || rank > m_least)
      throw Error(ErrorKind::failed,
                  "a matrix of " + size() + " has no product of rank " + std::to_string(rank));
    m_state.activate();
    const Target toLeft(m_state, left, m_rows * rank), toRight(m_state, right, m_columns * rank);
    m_wide ? wideFactors(rank, toLeft.data(), toRight.data())
           : tallFactors(rank, toLeft.data(), toRight.data());
    toLeft.finish();
    toRight.finish();
  }

 private:
  /// Where a factor goes, on the device at first.
  class Target {
   public:
    Target(const DeviceState& state, float* wanted, std::int64_t count)
        : m_state(state), m_wanted(wanted), m_count(count) {
      if (!isDevicePointer(wanted)) m_copy = Array<float>(state, count);
    }
    float* data() const { return m_copy.empty() ? m_wanted : m_copy.data(); }
    void finish() const {
      if (!m_copy.empty()) copy(m_state, m_wanted, m_copy.data(), m_count);
    }

   private:
    const DeviceState& m_state;
    float* m_wanted;
    std::int64_t m_count;
    Array<float> m_copy;
  };

  std::string size() const { return std::to_string(m_rows) + " x " + std::to_string(m_columns); }
  Error failed(const char* why) const {
    return Error(ErrorKind::failed, "the singular values of a matrix of " + size() + " " + why);
  }

  /// P P^T or P^T P into m_vectors, one triangle.
  void makeGram() {
    Array<double> product = doubles(m_state, m_matrix.data(), m_matrix.count());
    if (!m_root->numbers.empty())
      multiplyByRoot(m_state, m_root->numbers.data(), m_columns, false, product.data(), m_rows);
    m_vectors = Array<double>(m_state, m_least * m_least);
    const double one = 1, zero = 0;
    const auto least = static_cast<int>(m_least), n = static_cast<int>(m_columns);
    check(cublasDsyrk(m_state.blas(), CUBLAS_FILL_MODE_LOWER, m_wide ? CUBLAS_OP_T : CUBLAS_OP_N, least,
                      static_cast<int>(m_wide ? m_columns : m_rows), &one, product.data(), n, &zero,
                      m_vectors.data(), least),
          "Gram matrix of a weight");
  }

  /// Z^1/2 or Z^-1/2 of the first `rank`, 0 where Z is.
  Array<double> roots(std::int64_t rank, bool inverse) const {
    std::vector<double> list;
    for (std::int64_t k = 0; k < rank; ++k) {
      const double root = std::sqrt(m_values[static_cast<std::size_t>(k)]);
      list.push_back(!inverse ? root : root > 0 ? 1 / root : 0);
    }
    Array<double> there(m_state, rank);
    copy(m_state, there.data(), list.data(), rank);
    return there;
  }

  void write(const double* source, Places from, std::int64_t count, std::int64_t rank,
             const Array<double>& factors, float* target, Places to) const {
    scaleVectors<<<blocksOf(count * rank), kThreads, 0, m_state.stream()>>>(source, from, count, rank,
                                                                            factors.data(), target, to);
    checkLaunch("writing a factor");
  }

  /// The eigenvectors of the `rank` largest values.
  const double* leading(std::int64_t rank) const { return m_vectors.data() + (m_least - rank) * m_least; }

  /// Vectors of the left side decide about signs: of their factors and of the other side's.
  void fixSigns(const double* source, Places from, std::int64_t rank, const Array<double>& left,
                const Array<double>& right) const {
    turnSigns<<<static_cast<unsigned>(rank), kThreads, 0, m_state.stream()>>>(source, from, m_rows, rank,
                                                                              left.data(), right.data());
    checkLaunch("signs of singular vectors");
  }

  void wideFactors(std::int64_t rank, float* left, float* right) const {
    const std::int64_t m = m_rows, n = m_columns;
    const Array<double> ofLeft = roots(rank, false), ofRight = roots(rank, true);
    fixSigns(leading(rank), {m, 1}, rank, ofLeft, ofRight);
    write(leading(rank), {m, 1}, m, rank, ofLeft, left, {1, rank});
    const Array<double> matrix = doubles(m_state, m_matrix.data(), m_matrix.count());
    Array<double> lines(m_state, n * rank);
    const double one = 1, zero = 0;
    check(cublasDgemm(m_state.blas(), CUBLAS_OP_N, CUBLAS_OP_N, static_cast<int>(n), static_cast<int>(rank),
                      static_cast<int>(m), &one, matrix.data(), static_cast<int>(n), leading(rank),
                      static_cast<int>(m), &zero, lines.data(), static_cast<int>(n)),
          "right factor");
    write(lines.data(), {n, 1}, n, rank, ofRight, right, {n, 1});
  }

  void tallFactors(std::int64_t rank, float* left, float* right) const {
    const std::int64_t m = m_rows, n = m_columns;
    const double *root = m_root->numbers.data(), one = 1, zero = 0;
    const auto size = static_cast<int>(n), count = static_cast<int>(rank);
    const Array<double> ofLeft = roots(rank, true), ofRight = roots(rank, false);
    Array<double> lines(m_state, n * rank);
    copy(m_state, lines.data(), leading(rank), n * rank);
    if (root) multiplyByRoot(m_state, root, n, true, lines.data(), rank);
    const Array<double> matrix = doubles(m_state, m_matrix.data(), m_matrix.count());
    Array<double> columns(m_state, m * rank);
    check(cublasDgemm(m_state.blas(), CUBLAS_OP_T, CUBLAS_OP_N, count, static_cast<int>(m), size, &one,
                      lines.data(), size, matrix.data(), size, &zero, columns.data(), count),
          "left factor");
    fixSigns(columns.data(), {1, rank}, rank, ofLeft, ofRight);
    write(columns.data(), {1, rank}, m, rank, ofLeft, left, {1, rank});
    copy(m_state, lines.data(), leading(rank), n * rank);
    if (root)
      check(cublasDtrsm(m_state.blas(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, size, count, &one, root, size, lines.data(), size),
            "solving with a Cholesky factor");
    write(lines.data(), {n, 1}, n, rank, ofRight, right, {n, 1});
  }

  const DeviceState& m_state;
  std::shared_ptr<const Root> m_root;
  std::int64_t m_rows, m_columns, m_least;
  bool m_wide;
  Array<float> m_matrix;    ///< D [rows, columns]
  Array<double> m_vectors;  ///< [least, least], those of the smallest value first
  std::vector<double> m_values;
};

class WeightedSvd : public DeviceWeightedSvd {
 public:
  WeightedSvd(const DeviceState& state, const DeviceSvdProblem& problem)
      : m_state(state), m_root(std::make_shared<const Root>(rootOf(state, problem))) {}
  ~WeightedSvd() override { cudaSetDevice(m_state.ordinal()); }

  std::unique_ptr<DeviceSvd> of(const float* matrix, std::int64_t rows,
                                const Progress& progress) const override {
    m_state.activate();
    return std::make_unique<Svd>(m_state, m_root, matrix, rows, progress);
  }

 private:
  const DeviceState& m_state;
  std::shared_ptr<const Root> m_root;
};

}  // namespace

std::unique_ptr<DeviceWeightedSvd> makeWeightedSvd(const DeviceState& state,
                                                   const DeviceSvdProblem& problem) {
  return std::make_unique<WeightedSvd>(state, problem);
}

double outputError(const DeviceState& state, const float* error, std::int64_t rows, const double* gram,
                   std::int64_t columns) {
  const OnDevice<double> weights(state, gram, columns * columns);
  const std::int64_t atOnce = std::clamp<std::int64_t>(kErrorsAtOnce / columns, 1, rows);
  Array<double> product(state, atOnce * columns);
  const double one = 1, zero = 0;
  const auto n = static_cast<int>(columns);
  double sum = 0;
  for (std::int64_t first = 0; first < rows; first += atOnce) {
    const std::int64_t count = std::min(atOnce, rows - first), numbers = count * columns;
    const OnDevice<float> part(state, error + first * columns, numbers);
    const Array<double> own = doubles(state, part.data(), numbers);
    check(cublasDsymm(state.blas(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_UPPER, n, static_cast<int>(count),
                      &one, weights.data(), n, own.data(), n, &zero, product.data(), n),
          "error of an output");
    double added = 0;
    check(cublasDdot(state.blas(), static_cast<int>(numbers), own.data(), 1, product.data(), 1, &added),
          "error of an output");
    sum += added;
  }
  return sum;
}

}  // namespace planish::cuda
