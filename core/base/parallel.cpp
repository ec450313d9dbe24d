#include "core/base/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <vector>

// The thread sanitizer cannot see the synchronisation inside the OpenMP runtime, and would report races that are none.
#if defined(__SANITIZE_THREAD__)
#include <thread>
#define PLANISH_PLAIN_THREADS 1
#else
#include <omp.h>
#endif

namespace planish {
namespace {

thread_local bool t_inside = false;

/// Runs run(0) .. run(pieces - 1), each once, on as many threads.
template <typename Run>
void runPieces(std::int64_t pieces, const Run& run) {
#if defined(PLANISH_PLAIN_THREADS)
  std::vector<std::jthread> workers;
  for (std::int64_t piece = 1; piece < pieces; ++piece) workers.emplace_back(run, piece);
  run(0);
#else
  // OpenMP's threads, so that oneDNN's and ours are the same ones and do not wait for a core against each other.
#pragma omp parallel num_threads(static_cast<int>(pieces))
  for (std::int64_t piece = omp_get_thread_num(); piece < pieces; piece += omp_get_num_threads()) run(piece);
#endif
}

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
  runPieces(pieces, [&](std::int64_t piece) {
    t_inside = true;
    try {
      body(count * piece / pieces, count * (piece + 1) / pieces);
    } catch (...) {
      std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
    }
    t_inside = false;
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace planish
