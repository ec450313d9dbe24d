#include "core/base/progress.h"

#include "core/base/error.h"

#include <algorithm>
#include <mutex>

namespace planish {

struct Progress::Shared {
  Listener listener;
  std::mutex calling;  // listeners are never called from two threads at once
  std::atomic<bool> stop = false;
};

Progress::Progress() : m_shared(std::make_shared<Shared>()) {}

Progress::Progress(Listener listener) : Progress() { m_shared->listener = std::move(listener); }

void Progress::report(double fraction, std::string_view text) const {
  if (!m_shared->listener.onProgress) return;
  std::lock_guard lock(m_shared->calling);
  m_shared->listener.onProgress(m_from + (m_to - m_from) * std::clamp(fraction, 0.0, 1.0), text);
}

void Progress::message(std::string_view text) const {
  if (!m_shared->listener.onMessage) return;
  std::lock_guard lock(m_shared->calling);
  m_shared->listener.onMessage(text);
}

void Progress::warn(std::string_view text) const {
  if (!m_shared->listener.onWarning) return;
  std::lock_guard lock(m_shared->calling);
  m_shared->listener.onWarning(text);
}

void Progress::requestStop() const { m_shared->stop = true; }

bool Progress::stopRequested() const { return m_shared->stop; }

void Progress::throwIfStopped() const {
  if (stopRequested()) throw Cancelled();
}

Progress Progress::part(double from, double to) const {
  Progress part = *this;
  part.m_from = m_from + (m_to - m_from) * from;
  part.m_to = m_from + (m_to - m_from) * to;
  return part;
}

}  // namespace planish
