#include "core/compute/cuda/device_state.h"

namespace planish::cuda {

DeviceState::DeviceState(int index) : m_index(index) {
  activate();
  check(cudaDeviceGetAttribute(&m_multiprocessors, cudaDevAttrMultiProcessorCount, index), "device attributes");
  int ratio = 0;
  check(cudaDeviceGetAttribute(&ratio, cudaDevAttrSingleToDoublePrecisionPerfRatio, index), "device attributes");
  m_fastDouble = ratio > 0 && ratio <= 2;
  for (Lane& lane : m_lanes) {
    check(cudaStreamCreateWithFlags(&lane.stream, cudaStreamNonBlocking), "creating a stream");
    check(cudaEventCreateWithFlags(&lane.done, cudaEventDisableTiming), "creating an event");
    check(cublasCreate(&lane.blas), "starting cuBLAS");
    check(cublasSetStream(lane.blas, lane.stream), "starting cuBLAS");
  }
  check(cudaEventCreateWithFlags(&m_forked, cudaEventDisableTiming), "creating an event");
  check(cusolverDnCreate(&m_solver), "starting cuSOLVER");
  check(cusolverDnSetStream(m_solver, stream()), "starting cuSOLVER");
  // Freed memory stays with the program: blocks of one layer serve the next.
  cudaMemPool_t pool;
  check(cudaDeviceGetDefaultMemPool(&pool, index), "memory pool");
  std::uint64_t keep = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "memory pool");
}

DeviceState::~DeviceState() {
  cudaSetDevice(m_index);
  if (m_solver) cusolverDnDestroy(m_solver);
  if (m_forked) cudaEventDestroy(m_forked);
  for (Lane& lane : m_lanes) {
    if (lane.blas) cublasDestroy(lane.blas);
    if (lane.done) cudaEventDestroy(lane.done);
    if (lane.stream) cudaStreamDestroy(lane.stream);
  }
}

void DeviceState::activate() const { check(cudaSetDevice(m_index), "choosing the device"); }

void DeviceState::synchronize() const {
  for (const Lane& lane : m_lanes) check(cudaStreamSynchronize(lane.stream), "waiting for the device");
}

void DeviceState::fork() const {
  check(cudaEventRecord(m_forked, stream()), "ordering streams");
  for (int i = 1; i < kLanes; ++i) check(cudaStreamWaitEvent(lane(i).stream, m_forked), "ordering streams");
}

void DeviceState::join() const {
  for (int i = 1; i < kLanes; ++i) {
    check(cudaEventRecord(lane(i).done, lane(i).stream), "ordering streams");
    check(cudaStreamWaitEvent(stream(), lane(i).done), "ordering streams");
  }
}

bool isDevicePointer(const void* pointer) {
  cudaPointerAttributes attributes;
  check(cudaPointerGetAttributes(&attributes, pointer), "asking for the place of memory");
  return attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
}

}  // namespace planish::cuda
