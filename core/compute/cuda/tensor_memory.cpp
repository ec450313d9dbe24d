#include "core/compute/cuda/tensor_memory.h"

#include <algorithm>
#include <cstring>

namespace planish::cuda {
namespace {

constexpr std::int64_t kLeast = 512;
constexpr std::int64_t kStageBytes = std::int64_t(8) << 20;
constexpr std::size_t kStages = 3;
/// The driver takes copies of at most so many bytes at once, from any memory, without waiting for the device.
constexpr std::size_t kTakenAtOnce = std::size_t(64) << 10;

/// Few sizes, so that blocks fit again: eight steps from one power of two to the next.
std::int64_t roundedSize(std::int64_t size) {
  size = std::max(size, kLeast);
  std::int64_t step = 64;
  while (step * 16 < size) step *= 2;
  return (size + step - 1) / step * step;
}

}  // namespace

TensorMemory::~TensorMemory() {
  cudaSetDevice(m_state.ordinal());
  releaseFree();
  for (const Stage& stage : m_stages) {
    cudaEventDestroy(stage.done);
    cudaFreeHost(stage.bytes);
  }
}

Tensor TensorMemory::allocate(DataType type, const Shape& shape, Layout layout) {
  const std::int64_t size = (shape.count() * bitsOf(type) + 7) / 8;
  return Tensor(type, shape, std::make_shared<DeviceStorage>(shared_from_this(), size), layout);
}

Tensor TensorMemory::upload(const Tensor& host) {
  hostTouches();
  Tensor tensor = allocate(host.type(), host.shape(), host.layout());
  upload(host, tensor);
  return tensor;
}

void TensorMemory::upload(const Tensor& host, const Tensor& target) {
  hostTouches();
  const auto from = host.bytes();
  auto* to = dataOf<std::byte>(target);
  if (from.size() <= kTakenAtOnce) {
    check(cudaMemcpyAsync(to, from.data(), from.size(), cudaMemcpyHostToDevice, m_state.stream()), "copying to the device");
    return;
  }
  const std::lock_guard lock(m_staging);
  for (std::size_t at = 0; at < from.size(); at += kStageBytes) {
    if (m_stages.size() < kStages) {
      Stage made;
      check(cudaMallocHost(&made.bytes, kStageBytes), "pinned memory");
      if (const cudaError_t status = cudaEventCreateWithFlags(&made.done, cudaEventDisableTiming); status != cudaSuccess) {
        cudaFreeHost(made.bytes);
        check(status, "an event");
      }
      m_stages.push_back(made);
    }
    Stage& stage = m_stages[m_nextStage++ % kStages];
    check(cudaEventSynchronize(stage.done), "waiting for an upload");
    const std::size_t size = std::min<std::size_t>(kStageBytes, from.size() - at);
    std::memcpy(stage.bytes, from.data() + at, size);
    check(cudaMemcpyAsync(to + at, stage.bytes, size, cudaMemcpyHostToDevice, m_state.stream()), "copying to the device");
    check(cudaEventRecord(stage.done, m_state.stream()), "copying to the device");
  }
}

std::int64_t TensorMemory::used() const {
  const std::lock_guard lock(m_guard);
  return m_used;
}

std::int64_t TensorMemory::peak() const {
  const std::lock_guard lock(m_guard);
  return m_peak;
}

void TensorMemory::resetPeak() {
  const std::lock_guard lock(m_guard);
  m_peak = m_used;
}

void TensorMemory::trim() {
  const std::lock_guard lock(m_guard);
  m_state.synchronize();
  releaseFree();
}

void TensorMemory::setLimit(std::int64_t bytes) {
  const std::lock_guard lock(m_guard);
  m_limit = bytes;
}

void TensorMemory::releaseFree() {
  for (const auto& [size, block] : m_free) cudaFree(block);  // a device that was lost cannot free; nothing else would help
  m_free.clear();
}

void* TensorMemory::take(std::int64_t& bytes) {
  bytes = roundedSize(bytes);
  const std::lock_guard lock(m_guard);
  if (m_holding)
    if (const auto found = m_holding->free.lower_bound(bytes); found != m_holding->free.end() && found->first <= bytes + bytes / 8) {
      bytes = found->first;
      void* block = found->second;
      m_holding->free.erase(found);
      return block;
    }
  const auto refused = [&] {
    return Error(ErrorKind::outOfMemory, "no device memory for a value of " + std::to_string(bytes) + " bytes beside " + std::to_string(m_used) + " in use")
        .remedy("take fewer samples at a time, close other programs that use the device, or compute on the CPU");
  };
  if (m_limit >= 0 && m_used + bytes > m_limit) throw refused();
  void* block = nullptr;
  if (const auto found = m_free.lower_bound(bytes); found != m_free.end() && found->first <= bytes + bytes / 8) {
    bytes = found->first;
    block = found->second;
    m_free.erase(found);
  } else if (const cudaError_t status = cudaMalloc(&block, static_cast<std::size_t>(bytes)); status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    m_state.synchronize();
    releaseFree();
    cudaMemPool_t pool;
    check(cudaDeviceGetDefaultMemPool(&pool, m_state.ordinal()), "memory pool");
    check(cudaMemPoolTrimTo(pool, 0), "memory pool");
    if (cudaMalloc(&block, static_cast<std::size_t>(bytes)) != cudaSuccess) {
      cudaGetLastError();
      throw refused();
    }
  } else {
    check(status, "device memory");
  }
  m_used += bytes;
  m_peak = std::max(m_peak, m_used);
  if (m_holding) {
    m_holding->blocks[block] = bytes;
    m_holders[block] = m_holding;
  }
  return block;
}

void TensorMemory::giveBack(void* block, std::int64_t bytes) {
  const std::lock_guard lock(m_guard);
  if (const auto holder = m_holders.find(block); holder != m_holders.end()) {
    holder->second->free.emplace(bytes, block);
    return;
  }
  m_used -= bytes;
  m_free.emplace(bytes, block);
}

void TensorMemory::beginHolding(Held& held) {
  const std::lock_guard lock(m_guard);
  m_holding = &held;
}

void TensorMemory::endHolding() {
  const std::lock_guard lock(m_guard);
  m_holding = nullptr;
}

void TensorMemory::release(Held& held) {
  const std::vector<std::shared_ptr<Storage>> read = std::move(held.read);  // may give memory back when they die
  const std::lock_guard lock(m_guard);
  for (const auto& [block, bytes] : held.blocks) m_holders.erase(block);
  for (const auto& [bytes, block] : held.free) {
    m_used -= bytes;
    m_free.emplace(bytes, block);
  }
  held.free.clear();
  held.blocks.clear();
}

void TensorMemory::willRead(const std::shared_ptr<Storage>& storage, void* block) {
  if (m_holding && !m_holders.contains(block)) m_holding->read.push_back(storage);
}

void TensorMemory::hostTouches() const {
  if (m_holding) throw NotRecordable();
}

DeviceStorage::DeviceStorage(std::shared_ptr<TensorMemory> memory, std::int64_t size)
    : m_memory(std::move(memory)), m_size(size), m_reserved(size), m_data(m_memory->take(m_reserved)) {}

DeviceStorage::~DeviceStorage() { m_memory->giveBack(m_data, m_reserved); }

const std::byte* DeviceStorage::bytes() const {
  m_memory->hostTouches();
  const std::lock_guard lock(m_reading);
  if (!m_host) {
    auto host = std::make_unique<std::byte[]>(static_cast<std::size_t>(std::max<std::int64_t>(1, m_size)));
    const DeviceState& state = m_memory->state();
    state.activate();
    check(cudaMemcpyAsync(host.get(), m_data, static_cast<std::size_t>(m_size), cudaMemcpyDeviceToHost, state.stream()), "copying from the device");
    state.synchronize();
    m_host = std::move(host);
  }
  return m_host.get();
}

void* dataOf(const Tensor& tensor) {
  const auto* storage = dynamic_cast<const DeviceStorage*>(tensor.storage().get());
  if (!storage) throw Error(ErrorKind::failed, "expected a tensor on the device");
  storage->memory().willRead(tensor.storage(), storage->data());
  return storage->data();
}

}  // namespace planish::cuda
