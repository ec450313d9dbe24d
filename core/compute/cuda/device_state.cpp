#include "core/compute/cuda/device_state.h"

namespace planish::cuda {

DeviceState::DeviceState(int index, int ordinal) : m_index(index), m_ordinal(ordinal) {
  activate();
  check(cudaDeviceGetAttribute(&m_multiprocessors, cudaDevAttrMultiProcessorCount, ordinal), "device attributes");
  int ratio = 0;
  check(cudaDeviceGetAttribute(&ratio, cudaDevAttrSingleToDoublePrecisionPerfRatio, ordinal), "device attributes");
  m_fastDouble = ratio > 0 && ratio <= 2;
  check(cudaStreamCreateWithFlags(&m_stream, cudaStreamNonBlocking), "creating a stream");
  check(cublasCreate(&m_blas), "starting cuBLAS");
  check(cublasSetStream(m_blas, m_stream), "starting cuBLAS");
  check(cusolverDnCreate(&m_solver), "starting cuSOLVER");
  check(cusolverDnSetStream(m_solver, stream()), "starting cuSOLVER");
  // Freed memory stays with the program: blocks of one layer serve the next.
  cudaMemPool_t pool;
  check(cudaDeviceGetDefaultMemPool(&pool, ordinal), "memory pool");
  std::uint64_t keep = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "memory pool");
}

DeviceState::~DeviceState() {
  cudaSetDevice(m_ordinal);
  if (m_solver) cusolverDnDestroy(m_solver);
  if (m_blas) cublasDestroy(m_blas);
  if (m_stream) cudaStreamDestroy(m_stream);
}

void DeviceState::activate() const { check(cudaSetDevice(m_ordinal), "choosing the device"); }

void DeviceState::synchronize() const { check(cudaStreamSynchronize(m_stream), "waiting for the device"); }

bool isDevicePointer(const void* pointer) {
  cudaPointerAttributes attributes;
  check(cudaPointerGetAttributes(&attributes, pointer), "asking for the place of memory");
  return attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
}

}  // namespace planish::cuda
