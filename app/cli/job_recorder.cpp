#include "app/cli/job_recorder.h"

#include "app/cli/output.h"
#include "core/compute/device_text.h"
#include "core/jobs/preflight.h"

namespace planish::cli {

JobRecorder::JobRecorder(Session& session, const std::string& kind, const std::string& title, const std::string& plan, std::size_t layers) : m_session(session) {
  session.output.event("job", {{"job", kind}, {"title", title}, {"plan", plan}, {"layers", layers}, {"device", deviceText(session.context)}});
}

void JobRecorder::finished(std::size_t count) {
  const std::lock_guard lock(m_guard);
  m_since += count;
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - m_last).count();
  if (seconds < 0.25) return;
  m_session.output.event("resources", {{"elapsed", std::chrono::duration<double>(now - m_start).count()}, {"resident", residentBytes()},
                                       {"device", deviceBytes(m_session.context)}, {"per_second", static_cast<double>(m_since) / seconds}});
  m_since = 0;
  m_last = now;
}

}  // namespace planish::cli
