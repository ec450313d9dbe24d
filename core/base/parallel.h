#pragma once

#include <cstdint>
#include <functional>

namespace planish {

/// Calls body(begin, end) on disjoint pieces of [0, count), on at most `threads` threads, and returns when all are done.
/// Pieces hold at least `grain` items. The split does not depend on timing, so results that are written per item are
/// deterministic. An exception of any piece is rethrown here. Nested calls run on the caller's thread. The helping threads
/// stay for the next call, one set of them for each calling thread.
void parallelFor(int threads, std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t begin, std::int64_t end)>& body);

}  // namespace planish
