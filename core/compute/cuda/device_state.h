#pragma once

#include "core/compute/cuda/check.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace planish::cuda {

/// What work on one device is enqueued with. One thread at a time.
class DeviceState {
 public:
  /// `index`: in this program; `ordinal`: the driver's number.
  DeviceState(int index, int ordinal);
  ~DeviceState();
  DeviceState(const DeviceState&) = delete;
  DeviceState& operator=(const DeviceState&) = delete;

  /// Makes the device the calling thread's. First thing in every call from outside.
  void activate() const;
  void synchronize() const;
  cudaStream_t stream() const { return m_stream; }
  cublasHandle_t blas() const { return m_blas; }
  cusolverDnHandle_t solver() const { return m_solver; }
  int index() const { return m_index; }
  int ordinal() const { return m_ordinal; }
  int multiprocessors() const { return m_multiprocessors; }
  bool fastDouble() const { return m_fastDouble; }

 private:
  int m_index, m_ordinal, m_multiprocessors = 0;
  bool m_fastDouble = false;
  cudaStream_t m_stream = nullptr;
  cublasHandle_t m_blas = nullptr;
  cusolverDnHandle_t m_solver = nullptr;
};

/// Memory in the order of the device's stream: freed when what was enqueued before is done. Not initialised.
template <typename T>
class Array {
 public:
  Array() = default;
  Array(const DeviceState& state, std::int64_t count) : m_state(&state), m_count(count) {
    if (count > 0) check(cudaMallocAsync(reinterpret_cast<void**>(&m_data), static_cast<std::size_t>(count) * sizeof(T), state.stream()), "device memory");
  }
  ~Array() { release(); }
  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    swap(other);
    return *this;
  }

  T* data() const { return m_data; }
  std::int64_t count() const { return m_count; }
  bool empty() const { return !m_data; }
  void clear() { check(cudaMemsetAsync(m_data, 0, static_cast<std::size_t>(m_count) * sizeof(T), m_state->stream()), "clearing device memory"); }
  void release() {
    if (m_data) cudaFreeAsync(m_data, m_state->stream());
    m_data = nullptr;
    m_count = 0;
  }

 private:
  void swap(Array& other) {
    std::swap(m_state, other.m_state);
    std::swap(m_data, other.m_data);
    std::swap(m_count, other.m_count);
  }
  const DeviceState* m_state = nullptr;
  T* m_data = nullptr;
  std::int64_t m_count = 0;
};

bool isDevicePointer(const void* pointer);

/// Enqueues a copy between any two places. Copies from or to ordinary host memory are done with it when this returns.
template <typename T>
void copy(const DeviceState& state, T* target, const T* source, std::int64_t count) {
  check(cudaMemcpyAsync(target, source, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDefault, state.stream()), "copying device memory");
  if (!isDevicePointer(target) || !isDevicePointer(source)) state.synchronize();
}

/// Numbers of host or device memory, on the device.
template <typename T>
class OnDevice {
 public:
  OnDevice(const DeviceState& state, const T* source, std::int64_t count) : m_data(source) {
    if (!source || isDevicePointer(source)) return;
    m_copy = Array<T>(state, count);
    copy(state, m_copy.data(), source, count);
    m_data = m_copy.data();
  }
  const T* data() const { return m_data; }

 private:
  Array<T> m_copy;
  const T* m_data;
};

}  // namespace planish::cuda
