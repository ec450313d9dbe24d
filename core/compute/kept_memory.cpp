#include "core/compute/kept_memory.h"

#include "core/base/error.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <sys/mman.h>

namespace planish {
namespace {

/// A kernel may load a whole vector at the last element.
constexpr std::int64_t kPadding = 64;
/// Smaller values stay with the allocator: each block is a mapping, of which a process may have some ten thousand.
constexpr std::int64_t kLeast = 64 << 10;
constexpr std::int64_t kStep = 64 << 10;
/// How much larger than asked for a block may be that is used again: pages need not be cleared anew then, but the rest of it lies idle.
constexpr std::int64_t kMostWaste = 2;

}  // namespace

struct KeptMemory::Shared {
  std::mutex guard;
  std::multimap<std::int64_t, std::byte*> idle;  ///< by size
  std::int64_t held = 0;

  ~Shared() {
    for (const auto& [size, bytes] : idle) ::munmap(bytes, static_cast<std::size_t>(size));
  }

  /// A block of `size` bytes or more, which `size` is set to; null where the system has no mapping left.
  std::byte* take(std::int64_t& size) {
    std::lock_guard lock(guard);
    if (const auto found = idle.lower_bound(size); found != idle.end() && found->first <= size * kMostWaste) {
      std::byte* bytes = found->second;
      size = found->first;
      idle.erase(found);
      return bytes;
    }
    for (std::int64_t freed = 0; freed < size && !idle.empty();) {
      const auto largest = std::prev(idle.end());
      freed += largest->first;
      held -= largest->first;
      ::munmap(largest->second, static_cast<std::size_t>(largest->first));
      idle.erase(largest);
    }
    void* bytes = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) return nullptr;
    held += size;
    return static_cast<std::byte*>(bytes);
  }

  void giveBack(std::byte* bytes, std::int64_t size) {
    std::lock_guard lock(guard);
    idle.emplace(size, bytes);
  }
};

class KeptMemory::Block : public Storage {
 public:
  Block(std::shared_ptr<Shared> shared, std::byte* bytes, std::int64_t size, std::int64_t reserved)
      : m_shared(std::move(shared)), m_bytes(bytes), m_size(size), m_reserved(reserved) {}
  ~Block() override { m_shared->giveBack(m_bytes, m_reserved); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  const std::byte* bytes() const override { return m_bytes; }
  std::byte* writableBytes() override { return m_bytes; }
  std::int64_t size() const override { return m_size; }

 private:
  std::shared_ptr<Shared> m_shared;
  std::byte* m_bytes;
  std::int64_t m_size, m_reserved;
};

KeptMemory::KeptMemory() : m_shared(std::make_shared<Shared>()) {}

KeptMemory::~KeptMemory() = default;

Tensor KeptMemory::copyOf(const Tensor& tensor) {
  if (tensor.type() == DataType::string || tensor.device().kind != DeviceKind::cpu) return tensor;
  const auto from = tensor.bytes();
  const auto size = static_cast<std::int64_t>(from.size());
  std::shared_ptr<Storage> storage;
  if (size >= kLeast) {
    std::int64_t reserved = (size + kPadding + kStep - 1) / kStep * kStep;
    if (std::byte* bytes = m_shared->take(reserved)) storage = std::make_shared<Block>(m_shared, bytes, size, reserved);
  }
  if (!storage) storage = Tensor(tensor.type(), tensor.shape()).storage();
  std::copy(from.begin(), from.end(), storage->writableBytes());
  return Tensor(tensor.type(), tensor.shape(), std::move(storage), tensor.layout());
}

std::int64_t KeptMemory::held() const {
  std::lock_guard lock(m_shared->guard);
  return m_shared->held;
}

}  // namespace planish
