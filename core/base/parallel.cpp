#include "core/base/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace planish {
namespace {

thread_local bool t_inside = false;

}  // namespace

void parallelFor(int threads, std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (count <= 0) return;
  const std::int64_t pieces = std::min<std::int64_t>(threads, count / std::max<std::int64_t>(1, grain));
  if (pieces <= 1 || t_inside) {
    body(0, count);
    return;
  }
  std::exception_ptr failure;
  std::mutex failing;
  const auto run = [&](std::int64_t piece) {
    t_inside = true;
    try {
      body(count * piece / pieces, count * (piece + 1) / pieces);
    } catch (...) {
      std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
    }
    t_inside = false;
  };
  {
    std::vector<std::jthread> workers;
    for (std::int64_t piece = 1; piece < pieces; ++piece) workers.emplace_back(run, piece);
    run(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace planish
