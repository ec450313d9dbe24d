#include "core/compute/memory_pool.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

namespace planish {
namespace {

constexpr std::int64_t kAlignment = 64;
/// A kernel may load a whole vector at the last element.
constexpr std::int64_t kPadding = 64;
/// How much larger than asked for a block may be that lies idle: better than pages that the system has to clear first.
constexpr std::int64_t kMostWaste = 8;

std::byte* reserve(std::int64_t size) {
  auto* bytes = static_cast<std::byte*>(std::aligned_alloc(kAlignment, static_cast<std::size_t>(size)));
  if (!bytes) throw Error(ErrorKind::outOfMemory, "no memory for a value of " + std::to_string(size) + " bytes");
  return bytes;
}

/// Few sizes, so that blocks fit again: eight steps from one power of two to the next.
std::int64_t roundedSize(std::int64_t size) {
  size = std::max<std::int64_t>(size + kPadding, 256);
  std::int64_t step = 32;
  while (step * 16 < size) step *= 2;
  step = std::max(step, kAlignment);
  return (size + step - 1) / step * step;
}

}  // namespace

struct MemoryPool::Shared {
  std::mutex guard;
  std::multimap<std::int64_t, std::byte*> free;  ///< by rounded size
  std::int64_t freeBytes = 0, used = 0, peak = 0;

  ~Shared() { trim(); }

  /// A block of `size` bytes or more, which `size` is set to.
  std::byte* take(std::int64_t& size, bool passing) {
    {
      std::lock_guard lock(guard);
      if (const auto found = free.lower_bound(size); found != free.end() && found->first <= (passing ? size * kMostWaste : size)) {
        std::byte* bytes = found->second;
        size = found->first;
        freeBytes -= size;
        free.erase(found);
        count(size);
        return bytes;
      }
      count(size);
      // What lies idle may be as much as what is in use, and no more: sizes of another batch must not pile up.
      while (!free.empty() && freeBytes > peak) drop(std::prev(free.end()));
    }
    return reserve(size);
  }

  void giveBack(std::byte* bytes, std::int64_t size) {
    std::lock_guard lock(guard);
    used -= size;
    freeBytes += size;
    free.emplace(size, bytes);
  }

  void trim() {
    std::lock_guard lock(guard);
    while (!free.empty()) drop(free.begin());
  }

 private:
  void count(std::int64_t size) {
    used += size;
    peak = std::max(peak, used);
  }

  void drop(std::multimap<std::int64_t, std::byte*>::iterator block) {
    freeBytes -= block->first;
    std::free(block->second);
    free.erase(block);
  }
};

class MemoryPool::Block : public Storage {
 public:
  Block(std::shared_ptr<Shared> shared, std::int64_t size, std::int64_t rounded, bool passing)
      : m_shared(std::move(shared)), m_size(size), m_rounded(rounded), m_bytes(m_shared->take(m_rounded, passing)) {}
  ~Block() override { m_shared->giveBack(m_bytes, m_rounded); }
  const std::byte* bytes() const override { return m_bytes; }
  std::byte* writableBytes() override { return m_bytes; }
  std::int64_t size() const override { return m_size; }

 private:
  std::shared_ptr<Shared> m_shared;
  std::int64_t m_size, m_rounded;
  std::byte* m_bytes;
};

MemoryPool::MemoryPool() : m_shared(std::make_shared<Shared>()) {}

MemoryPool::~MemoryPool() = default;

Tensor MemoryPool::allocate(DataType type, const Shape& shape, Layout layout, bool passing) {
  const int bits = bitsOf(type);
  if (bits == 0) return Tensor(type, shape);
  const std::int64_t size = (shape.count() * bits + 7) / 8;
  return Tensor(type, shape, std::make_shared<Block>(m_shared, size, roundedSize(size), passing), layout);
}

std::int64_t MemoryPool::used() const {
  std::lock_guard lock(m_shared->guard);
  return m_shared->used;
}

std::int64_t MemoryPool::peak() const {
  std::lock_guard lock(m_shared->guard);
  return m_shared->peak;
}

void MemoryPool::resetPeak() {
  std::lock_guard lock(m_shared->guard);
  m_shared->peak = m_shared->used;
}

void MemoryPool::trim() { m_shared->trim(); }

}  // namespace planish
