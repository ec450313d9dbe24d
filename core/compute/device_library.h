#pragma once

#include "core/base/progress.h"
#include "core/compute/kernel_registry.h"
#include "core/compute/rounding_problem.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace planish {

struct DeviceDescription {
  std::string name;                        ///< "NVIDIA H200"
  std::string capability;                  ///< "9.0"
  std::int64_t memory = 0, freeMemory = 0; ///< bytes; free: when asked
  int multiprocessors = 0;
};

/// Memory of a device, freed with the object.
class DeviceBuffer {
 public:
  virtual ~DeviceBuffer() = default;
  virtual void* data() = 0;
  virtual std::int64_t bytes() const = 0;
  virtual void upload(const void* source, std::int64_t bytes) = 0;
  virtual void download(void* target, std::int64_t bytes) const = 0;
};

/// Sum of x x^T over the rows x of batches, as accurate as float32 arithmetic. Pointers may be of host or device memory.
class DeviceGram {
 public:
  virtual ~DeviceGram() = default;
  /// `rows`: float16, bfloat16 or float32 [count, columns], row-major. Returns before the device is done; the rows of host memory may
  /// be overwritten at once, those of device memory after synchronize().
  virtual void add(const void* rows, DataType type, std::int64_t count) = 0;
  virtual std::int64_t rows() const = 0;
  /// factor * the sum, [columns, columns], both triangles.
  virtual void read(float* target, double factor = 1) const = 0;
};

enum class FactorPrecision : std::uint8_t {
  automatic,  ///< float64 where the device computes it at half the speed of float32 or better
  float32,
  float64,
};

/// A Hessian to factorise: sums of x x^T in any positive multiple, [columns, columns], symmetric; one of the two pointers, host or device.
struct DeviceSweepProblem {
  std::int64_t columns = 0;
  const float* hessian = nullptr;
  const double* hessianDouble = nullptr;
  double damping = 0.01;         ///< share of the mean diagonal of live columns that is added to the diagonal
  bool activationOrder = false;  ///< visit columns by falling diagonal instead of from left to right
  FactorPrecision precision = FactorPrecision::automatic;
};

/// Integer grid of a sweep. A weight becomes (code - zero point) * scale.
struct DeviceGrid {
  int bits = 0;                    ///< 2..8; 0: weights that stay are not rounded
  bool symmetric = false;          ///< codes -2^(b-1)..2^(b-1)-1 without zero point; false: 0..2^b-1
  std::int64_t group = 0;          ///< columns that one scale of a row covers; 0: all
  /// Scales are those of the weights given; false: groups of fewer columns than the layer has take the compensated weights that the
  /// sweep finds when it reaches them. Must be true with activationOrder and several groups a row.
  bool staticGroups = false;
  bool halfScales = false;         ///< scales are rounded to float16
  const float* scales = nullptr;   ///< [rows, groups]: used instead of the range that clips nothing
  const float* zeroPoints = nullptr;
};

/// Which weights become zero; at most one of the three.
struct DeviceSparsity {
  double share = 0;                     ///< of each block of columns, least w^2 D first; the first k blocks together lose floor(share * size)
  int zeros = 0, of = 0;                ///< `zeros` of every `of` consecutive columns of a row, chosen when the sweep reaches them
  const std::uint8_t* keep = nullptr;   ///< [rows, columns], 1 where a weight stays
};

struct DeviceSweepOptions {
  DeviceGrid grid;
  DeviceSparsity sparsity;
  std::int64_t block = 128;  ///< 8..128 columns between two updates of what is right of them, and of one choice by `share`
  bool zeroDead = true;      ///< columns with a diagonal of 0 become 0; false: they are rounded to the nearest
};

/// Where results go, host or device memory; nullptr: not wanted. Shapes as those of the weight [rows, columns].
struct DeviceSweepOutput {
  float* values = nullptr;
  std::int16_t* codes = nullptr;
  float* scales = nullptr;      ///< [rows, groups]
  float* zeroPoints = nullptr;  ///< [rows, groups]
  std::uint8_t* keep = nullptr; ///< 1 where a weight stayed
};

struct DeviceSweepLoss {
  double damped = 0;  ///< tr((W - Q) (H + damping I) (W - Q)^T)
  double plain = 0;   ///< the same without damping
};

/// A factorised Hessian; one serves all settings and all layers with this input.
class DeviceSweep {
 public:
  virtual ~DeviceSweep() = default;
  /// `weight`: [rows, columns] float32, host or device. Throws Cancelled, Error(usage) for options that exclude each other.
  virtual DeviceSweepLoss run(const float* weight, std::int64_t rows, const DeviceSweepOptions& options, const DeviceSweepOutput& output,
                              const Progress& progress) const = 0;
  virtual const std::vector<std::int64_t>& order() const = 0;     ///< the column visited at each step
  virtual const std::vector<double>& errorWeights() const = 0;    ///< D by step: H + damping I = N D N^T, N unit upper triangular; 0: dead
  virtual double damping() const = 0;                             ///< what was added to the diagonal
  virtual double dampingShare() const = 0;                        ///< as a share of the mean diagonal: more than asked for where that was too little
};

/// What a layer's inputs weigh in a search for products of thin matrices (weighted_svd.h): A = S S^T with a Cholesky factor S.
struct DeviceSvdProblem {
  std::int64_t columns = 0;
  const double* gram = nullptr;  ///< sums of x x^T, [columns, columns], symmetric, host or device; nullptr: A is the identity
  double ridge = 0;              ///< share of the mean diagonal that is added to each, tenfold until there is a Cholesky factor
};

/// Singular values and vectors of D S, all of them, from the eigenvectors of its smaller Gram matrix in float64.
class DeviceSvd {
 public:
  virtual ~DeviceSvd() = default;
  /// min(rows, columns), falling; those of at most 1e-7 of the largest are 0, and so are their vectors.
  virtual const std::vector<double>& values() const = 0;
  /// The nearest product of this rank, each factor with half of the singular values: left [rows, rank], right [rank, columns] with S^-1 behind it; host or
  /// device. The largest element of each left vector is positive.
  virtual void factors(std::int64_t rank, float* left, float* right) const = 0;
};

/// One factor of A serves all matrices that these inputs are multiplied by.
class DeviceWeightedSvd {
 public:
  virtual ~DeviceWeightedSvd() = default;
  /// D: `matrix` [rows, columns], host or device. What it returns may outlive this. Throws Error(failed) for a matrix that is not finite, Cancelled.
  virtual std::unique_ptr<DeviceSvd> of(const float* matrix, std::int64_t rows, const Progress& progress) const = 0;
};

/// How a value is rounded to codes and back: x / scale to the nearest, half to even, into [least, most], times scale.
struct DeviceRounding {
  float scale = 1, least = 0, most = 0;
};

/// A search for the scale of each row with the least error of the layer's output (scale_search.h), over the symmetric integers of `bits` bits.
struct DeviceScaleProblem {
  int bits = 8;
  bool halfScales = true;           ///< candidates of the refinement are rounded to float16
  int refinements = 5;
  std::int64_t rows = 0, count = 0;
  std::vector<float> values;        ///< [rows, count]
  std::vector<float> candidates;    ///< [rows, candidates]: scales as they are stored; the first of equals wins
  Tensor moments;                   ///< of the device: means of x x^T, float32 [groups, count, count]; rows of a group stand together
};

/// Which vectors x a layer reads in a value: rows of the last axis, or the columns of a convolution's patches in the order of its weight.
struct DeviceInputWindow {
  bool patches = false;
  std::int64_t columns = 0, groups = 1;
  std::int64_t kernelHeight = 1, kernelWidth = 1, strideY = 1, strideX = 1, dilationY = 1, dilationX = 1, top = 0, left = 0, outHeight = 1, outWidth = 1;
};

/// Sums of x x^T over such vectors, as accurate as float32 arithmetic; in the order of the calls.
class DeviceInputGram {
 public:
  virtual ~DeviceInputGram() = default;
  /// `value`: float32 of the device, plain: [..., columns] or [samples, channels, height, width].
  virtual void add(const Tensor& value, const DeviceInputWindow& window) = 0;
  virtual std::int64_t rows() const = 0;
  /// [groups, columns, columns]; infinite or NaN where a value was not finite.
  virtual std::vector<double> read() const = 0;
};

/// Work of a device that was recorded: what it enqueued can be enqueued again in one call, on the same tensors.
class DeviceRecording {
 public:
  virtual ~DeviceRecording() = default;
  virtual void replay() = 0;
};

/// Bytes of tensors on a device.
struct DeviceMemoryUse {
  std::int64_t used = 0, peak = 0;
};

/// What a library of device code offers. Calls for one device come from one thread at a time. Errors: Error(outOfMemory),
/// Error(noDevice) for a device that is not there or was lost, Error(failed) else.
class DeviceEngines {
 public:
  virtual ~DeviceEngines() = default;
  virtual std::vector<DeviceDescription> devices() = 0;
  virtual std::unique_ptr<DeviceBuffer> allocate(int device, std::int64_t bytes) = 0;
  virtual std::unique_ptr<DeviceGram> gram(int device, std::int64_t columns) = 0;
  /// A factorisation that breaks down is tried again with ten times the damping, up to a share of 1. Throws Error(invalidInput) for a
  /// Hessian that is not finite or has a negative diagonal, Error(failed) if no damping helps.
  virtual std::unique_ptr<DeviceSweep> sweep(int device, const DeviceSweepProblem& problem) = 0;
  /// Throws Error(failed) for a Gram matrix that no ridge up to ten gives a Cholesky factor, one that is not finite among them.
  virtual std::unique_ptr<DeviceWeightedSvd> weightedSvd(int device, const DeviceSvdProblem& problem) = 0;
  /// tr(E G E^T) in float64: `error` [rows, columns], `gram` [columns, columns], symmetric; host or device.
  virtual double outputError(int device, const float* error, std::int64_t rows, const double* gram, std::int64_t columns) = 0;
  virtual void synchronize(int device) = 0;

  /// A tensor in memory of the device, not initialised. Its bytes() wait for the device and copy them to the host.
  virtual Tensor allocate(int device, DataType type, const Shape& shape, Layout layout) = 0;
  /// A copy on the device; what is there already is returned as it is.
  virtual Tensor toDevice(int device, const Tensor& tensor) = 0;
  /// A copy of a device's tensor in the other layout.
  virtual Tensor converted(const Tensor& tensor, Layout layout) = 0;
  /// float32 of a device, in the layout that it has; NaN stays NaN.
  virtual Tensor rounded(const Tensor& tensor, const DeviceRounding& rounding) = 0;
  /// One scale a row. Rows of zeros get some scale.
  virtual std::vector<float> searchScales(int device, const DeviceScaleProblem& problem) = 0;
  /// As roundSoftly of soft_rounding.h, of a problem that was checked, for rows of any length; columns are never all tried.
  /// Its memory grows with the layer up to some GiB, then rows take turns. Throws Cancelled.
  virtual RoundingResult roundSoftly(int device, const RoundingProblem& problem, const RoundingOptions& options, const Progress& progress) = 0;
  /// nullptr for windows that it does not take.
  virtual std::unique_ptr<DeviceInputGram> inputGram(int device, const DeviceInputWindow& window) = 0;
  /// Copies a tensor of the host or the device into one of the device of the same type, shape and layout. Only enqueued; the source may be changed at once.
  virtual void assign(const Tensor& target, const Tensor& source) = 0;
  /// Calls `work` and records what it enqueues, without doing it. Tensors that are made meanwhile keep their memory, and those that are read are kept, as long
  /// as the recording lives. nullptr if it cannot be recorded, because it reads or writes tensors from the host; what `work` made is worthless then.
  virtual std::unique_ptr<DeviceRecording> record(int device, const std::function<void()>& work) = 0;
  virtual DeviceMemoryUse memoryUse(int device) = 0;
  virtual void resetPeak(int device) = 0;
  /// Gives memory that no tensor uses back to the driver.
  virtual void trim(int device) = 0;
  /// Bytes that tensors may take; beyond, allocate() throws Error(outOfMemory). -1: what the device has.
  virtual void setMemoryLimit(int device, std::int64_t bytes) = 0;
  /// Adds the kernels of operations that run on a device of this kind.
  virtual void addKernels(KernelRegistry& registry) = 0;
};

/// Changes with DeviceEngines; a library of another version is not used.
inline constexpr int kDeviceLibraryVersion = 4;

struct DeviceLibrary {
  DeviceEngines* engines = nullptr;  ///< nullptr: there is no device to compute on
  std::string problem;               ///< why not
};

/// The CUDA library, loaded on the first call if a driver with a device answers; stays loaded. It is looked for in the file that the
/// environment variable PLANISH_CUDA_LIBRARY names, else beside this library; PLANISH_CUDA_DRIVER names another driver than libcuda.so.1.
const DeviceLibrary& deviceLibrary();

/// The same, asked anew: nothing is kept. For `driver` and `library` that are not the usual ones.
DeviceLibrary loadDeviceLibrary(const std::string& driver, const std::string& library);

/// The device's kernels and, for what they decline, those of the CPU. Where there is no device: those of the CPU.
const KernelRegistry& deviceKernels();

/// Description of device `index`. Throws Error(noDevice) that says what there is.
DeviceDescription describeDevice(int index);

}  // namespace planish
