#pragma once

#include "core/base/progress.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace planish {

/// Lets threads that work on different batches add to shared sums in the order of batches, so that sums do not depend on the number of
/// threads. Batches must be begun in order, and every batch must add to every sum in one and the same order of sums.
class BatchOrder {
 public:
  explicit BatchOrder(std::size_t sums) : m_next(sums) {}

  /// Waits until all batches before this one have added to the sum, then calls `add`. Throws Cancelled after fail().
  void add(std::size_t sum, std::int64_t batch, const std::function<void()>& add) {
    std::unique_lock lock(m_turning);
    m_turned.wait(lock, [&] { return m_failure || m_next[sum] == batch; });
    if (m_failure) throw Cancelled();
    lock.unlock();
    add();
    lock.lock();
    ++m_next[sum];
    m_turned.notify_all();
  }

  /// Keeps the first failure and wakes everybody.
  void fail(std::exception_ptr failure) {
    std::lock_guard lock(m_turning);
    if (!m_failure) m_failure = std::move(failure);
    m_turned.notify_all();
  }
  bool failed() {
    std::lock_guard lock(m_turning);
    return m_failure != nullptr;
  }
  void rethrow() {
    if (m_failure) std::rethrow_exception(m_failure);
  }

 private:
  std::mutex m_turning;
  std::condition_variable m_turned;
  std::vector<std::int64_t> m_next;
  std::exception_ptr m_failure;
};

}  // namespace planish
