#pragma once

#include "core/compute/cuda/device_state.h"
#include "core/tensor/tensor.h"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace planish::cuda {

/// Device memory of tensors that come and go, in the order of the device's stream: a block returns when the last tensor that uses it
/// dies, in whichever thread, and serves a later one of about its size without asking the driver again.
class TensorMemory : public std::enable_shared_from_this<TensorMemory> {
 public:
  explicit TensorMemory(const DeviceState& state) : m_state(state) {}
  ~TensorMemory();

  /// Not initialised. Throws Error(outOfMemory).
  Tensor allocate(DataType type, const Shape& shape, Layout layout);
  /// A copy of a host tensor; its bytes may be overwritten at once. The copy itself is only enqueued.
  Tensor upload(const Tensor& host);
  /// The same into a tensor of the device of its size.
  void upload(const Tensor& host, const Tensor& target);

  std::int64_t used() const;
  std::int64_t peak() const;
  void resetPeak();
  /// Gives the blocks that no tensor uses back to the driver.
  void trim();
  /// Bytes that may be in use at one time; -1: what the device has.
  void setLimit(std::int64_t bytes);
  const DeviceState& state() const { return m_state; }

  /// What the work of a recording holds: memory that tensors took meanwhile, and tensors from before that it reads.
  struct Held {
    std::multimap<std::int64_t, void*> free;  ///< by size, for further tensors of the recording
    std::map<void*, std::int64_t> blocks;
    std::vector<std::shared_ptr<Storage>> read;
  };
  /// From here on, until endHolding(), memory comes from and goes back to `held`; the host must not touch tensors (NotRecordable).
  void beginHolding(Held& held);
  void endHolding();
  /// Its memory serves everybody again, once the tensors that have it are gone.
  void release(Held& held);
  /// Whoever gives `storage` to the device says so here.
  void willRead(const std::shared_ptr<Storage>& storage, void* block);
  /// Throws NotRecordable while work is recorded.
  void hostTouches() const;

 private:
  friend class DeviceStorage;
  void* take(std::int64_t& bytes);
  void giveBack(void* block, std::int64_t bytes);
  void releaseFree();

  const DeviceState& m_state;
  mutable std::mutex m_guard;
  std::multimap<std::int64_t, void*> m_free;  ///< by size
  std::int64_t m_used = 0, m_peak = 0, m_limit = -1;
  Held* m_holding = nullptr;
  std::map<void*, Held*> m_holders;  ///< by block: the recording that it belongs to

  /// Pinned memory that uploads pass through, in turns.
  struct Stage {
    void* bytes = nullptr;
    cudaEvent_t done = nullptr;
  };
  std::mutex m_staging;
  std::vector<Stage> m_stages;
  std::size_t m_nextStage = 0;
};

/// Work that is recorded did something that only the host can do.
struct NotRecordable {};

/// Bytes on a device. bytes() waits for the device and copies them to the host on the first call.
class DeviceStorage : public Storage {
 public:
  DeviceStorage(std::shared_ptr<TensorMemory> memory, std::int64_t size);
  ~DeviceStorage() override;
  const std::byte* bytes() const override;
  std::int64_t size() const override { return m_size; }
  Device device() const override { return {DeviceKind::cuda, m_memory->state().index()}; }
  void* data() const { return m_data; }
  TensorMemory& memory() const { return *m_memory; }

 private:
  std::shared_ptr<TensorMemory> m_memory;
  std::int64_t m_size, m_reserved;
  void* m_data;
  mutable std::mutex m_reading;
  mutable std::unique_ptr<std::byte[]> m_host;
};

/// Where the elements are; throws Error(failed) for a tensor of the host.
void* dataOf(const Tensor& tensor);
template <typename T>
T* dataOf(const Tensor& tensor) {
  return static_cast<T*>(dataOf(tensor));
}

}  // namespace planish::cuda
