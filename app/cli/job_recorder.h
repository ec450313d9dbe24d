#pragma once

#include "app/cli/session.h"

#include <chrono>
#include <mutex>

namespace planish::cli {

/// What the window's Job view shows of a job beside its results, as events of --jsonl: "job" once, "resources" at most four times a
/// second. The window opens such a file.
class JobRecorder {
 public:
  /// `kind`: "measure" or "compress"; `layers`: how many the job goes through.
  JobRecorder(Session& session, const std::string& kind, const std::string& title, const std::string& plan, std::size_t layers);
  /// So many cells (measure) or layers (compress) were finished.
  void finished(std::size_t count);

 private:
  using Clock = std::chrono::steady_clock;
  Session& m_session;
  std::mutex m_guard;
  Clock::time_point m_start = Clock::now(), m_last = m_start;
  std::size_t m_since = 0;
};

}  // namespace planish::cli
