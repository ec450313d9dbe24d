#include "app/desktop/worker.h"

#include "core/base/idle_memory.h"

#include <QMetaObject>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <new>

namespace planish::desktop {

namespace {

/// Idle for so long, the worker gives memory back to the system.
constexpr std::chrono::milliseconds kTrimAfter{300};

}  // namespace

void yieldToTheWindow() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10); }

void Gate::pause(bool paused) {
  std::lock_guard lock(m_mutex);
  m_paused = paused;
  m_changed.notify_all();
}

bool Gate::paused() const {
  std::lock_guard lock(m_mutex);
  return m_paused;
}

void Gate::skipNext() {
  std::lock_guard lock(m_mutex);
  m_skip = true;
}

bool Gate::pass(const Progress& progress) {
  std::unique_lock lock(m_mutex);
  m_changed.wait(lock, [&] { return !m_paused || progress.stopRequested(); });
  progress.throwIfStopped();
  return std::exchange(m_skip, false);
}

MemoryChoice Gate::ask(const Progress& progress) {
  std::unique_lock lock(m_mutex);
  m_changed.wait(lock, [&] { return m_answer || progress.stopRequested(); });
  progress.throwIfStopped();
  return *std::exchange(m_answer, std::nullopt);
}

void Gate::answer(MemoryChoice choice) {
  std::lock_guard lock(m_mutex);
  m_answer = choice;
  m_changed.notify_all();
}

void Gate::wake() { m_changed.notify_all(); }

Worker::Worker(QObject* parent) : QObject(parent), m_thread([this] { loop(); }) {}

Worker::~Worker() {
  {
    std::lock_guard lock(m_mutex);
    m_ending = true;
    m_queue.clear();
    if (m_running) {
      m_running->progress.requestStop();
      m_running->gate->wake();
    }
  }
  m_wake.notify_all();
  m_thread.join();
}

Progress Worker::progressFor(int id) {
  // At most ten reports a second reach the window; the last one of a job is its end.
  using Clock = std::chrono::steady_clock;
  auto last = std::make_shared<Clock::time_point>();
  Progress::Listener listener;
  listener.onProgress = [this, id, last](double fraction, std::string_view text) {
    const auto now = Clock::now();
    if (now - *last < std::chrono::milliseconds(100)) return;
    *last = now;
    const QString what = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
    QMetaObject::invokeMethod(this, [this, id, fraction, what] { Q_EMIT progressed(id, fraction, what); }, Qt::QueuedConnection);
  };
  const auto tell = [this, id](bool warning) {
    return [this, id, warning](std::string_view text) {
      const QString what = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
      QMetaObject::invokeMethod(this, [this, id, what, warning] { Q_EMIT message(id, what, warning); }, Qt::QueuedConnection);
    };
  };
  listener.onMessage = tell(false);
  listener.onWarning = tell(true);
  return Progress(listener);
}

int Worker::enqueue(Work work) {
  auto entry = std::make_shared<Entry>();
  entry->id = m_nextId++;
  entry->work = std::move(work);
  entry->gate = std::make_shared<Gate>();
  entry->progress = progressFor(entry->id);
  {
    std::lock_guard lock(m_mutex);
    m_queue.push_back(entry);
  }
  m_wake.notify_all();
  return entry->id;
}

void Worker::pause(int job, bool paused) {
  std::lock_guard lock(m_mutex);
  if (m_running && m_running->id == job) m_running->gate->pause(paused);
}

void Worker::skipLayer(int job) {
  std::lock_guard lock(m_mutex);
  if (m_running && m_running->id == job) m_running->gate->skipNext();
}

void Worker::answer(int job, MemoryChoice choice) {
  std::lock_guard lock(m_mutex);
  if (m_running && m_running->id == job) m_running->gate->answer(choice);
}

void Worker::stop(int job) {
  {
    std::lock_guard lock(m_mutex);
    if (m_running && m_running->id == job) {
      m_running->progress.requestStop();
      m_running->gate->wake();
      return;
    }
    const auto found = std::find_if(m_queue.begin(), m_queue.end(), [&](const auto& entry) { return entry->id == job; });
    if (found == m_queue.end()) return;
    m_queue.erase(found);
  }
  Outcome outcome;
  outcome.kind = Outcome::Kind::stopped;
  Q_EMIT finished(job, outcome);
}

void Worker::move(int job, int by) {
  std::lock_guard lock(m_mutex);
  for (std::size_t i = 0; i < m_queue.size(); ++i) {
    const auto to = static_cast<std::ptrdiff_t>(i) + by;
    if (m_queue[i]->id == job && to >= 0 && to < static_cast<std::ptrdiff_t>(m_queue.size())) {
      std::swap(m_queue[i], m_queue[static_cast<std::size_t>(to)]);
      return;
    }
  }
}

bool Worker::idle() const {
  std::lock_guard lock(m_mutex);
  return !m_running && m_queue.empty();
}

std::optional<int> Worker::running() const {
  std::lock_guard lock(m_mutex);
  return m_running ? std::optional(m_running->id) : std::nullopt;
}

void Worker::loop() {
  yieldToTheWindow();
  for (bool trimmed = true;;) {
    std::shared_ptr<Entry> entry;
    {
      std::unique_lock lock(m_mutex);
      const auto wanted = [&] { return m_ending || !m_queue.empty(); };
      if (!trimmed && !m_wake.wait_for(lock, kTrimAfter, wanted)) {
        // What a job held is freed in pieces, and lies in the allocator until the system gets it back.
        trimmed = true;
        lock.unlock();
        returnIdleMemory();
        continue;
      }
      m_wake.wait(lock, wanted);
      if (m_ending) return;
      trimmed = false;
      entry = m_queue.front();
      m_queue.pop_front();
      m_running = entry;
    }
    runOne(entry);
  }
}

void Worker::runOne(const std::shared_ptr<Entry>& entry) {
  const int id = entry->id;
  const auto post = [this](std::function<void()> function) {
    if (!m_ending) QMetaObject::invokeMethod(this, std::move(function), Qt::QueuedConnection);
  };
  post([this, id] { Q_EMIT started(id); });
  Outcome outcome;
  std::function<void()> apply;
  const auto fail = [&](ErrorKind kind, const std::string& text, const std::string& remedy) {
    outcome = {Outcome::Kind::failed, kind, QString::fromStdString(text), QString::fromStdString(remedy)};
  };
  // The job thread is where errors end (architecture: "caught in the job thread and in main, nowhere else").
  try {
    apply = entry->work({entry->progress, *entry->gate, post});
  } catch (const Cancelled&) {
    outcome.kind = Outcome::Kind::stopped;
  } catch (const Error& error) {
    const std::string place = error.file() + (error.where().empty() ? "" : (error.file().empty() ? "" : ": ") + error.where());
    fail(error.kind(), place.empty() ? error.message() : place + ": " + error.message(), error.remedyText());
  } catch (const std::bad_alloc&) {
    fail(ErrorKind::outOfMemory, "there is not enough memory for this job", "close other programs, or take fewer samples");
  } catch (const std::exception& error) {
    fail(ErrorKind::failed, error.what(), "");
  }
  entry->work = {};
  post([this, id, outcome, apply = std::move(apply)] {
    if (apply) apply();
    {
      std::lock_guard lock(m_mutex);
      if (m_running && m_running->id == id) m_running.reset();
    }
    Q_EMIT finished(id, outcome);
  });
}

}  // namespace planish::desktop
