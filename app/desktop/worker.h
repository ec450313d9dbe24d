#pragma once

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/jobs/device_memory.h"

#include <QObject>
#include <QString>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace planish::desktop {

/// Lowers the calling thread's priority (and that of the threads it will start): on a busy machine the window gets its turn first.
void yieldToTheWindow();

/// What a job on the worker thread holds: stop, pause and skip, asked between layers.
class Gate {
 public:
  void pause(bool paused);
  bool paused() const;
  void skipNext();
  /// On the worker: waits while paused (until `progress` is stopped, then throws Cancelled); true if the next layer is to be skipped.
  bool pass(const Progress& progress);
  void wake();
  /// On the worker: waits for answer(); a stop throws Cancelled.
  MemoryChoice ask(const Progress& progress);
  void answer(MemoryChoice choice);

 private:
  mutable std::mutex m_mutex;
  std::condition_variable m_changed;
  bool m_paused = false, m_skip = false;
  std::optional<MemoryChoice> m_answer;
};

/// How a job ended.
struct Outcome {
  enum class Kind { done, stopped, failed } kind = Kind::done;
  ErrorKind error = ErrorKind::failed;
  QString message, remedy;
};

/// The one thread that computes: it owns the device and the journal of the running job. Jobs run one after another; what they make
/// comes back as a function that is called on the GUI thread. All public functions are for the GUI thread.
class Worker : public QObject {
  Q_OBJECT

 public:
  struct Tools {
    Progress progress;
    Gate& gate;
    /// Runs a function on the GUI thread, in order, unless the worker is being taken down.
    std::function<void(std::function<void()>)> post;
  };
  /// Runs on the worker. Returns what is to be done on the GUI thread with the result (may be empty).
  using Work = std::function<std::function<void()>(const Tools& tools)>;

  explicit Worker(QObject* parent = nullptr);
  /// Stops the running job, forgets the queue and waits for the thread.
  ~Worker() override;

  int enqueue(Work work);
  /// A number that no job will have.
  int reserveId() { return m_nextId++; }
  void pause(int job, bool paused);
  void skipLayer(int job);
  /// To what the running job asks.
  void answer(int job, MemoryChoice choice);
  /// Running: stops at the next layer. Queued: forgets it (finished is emitted with `stopped`).
  void stop(int job);
  /// Moves a queued job by one place.
  void move(int job, int by);
  bool idle() const;
  std::optional<int> running() const;

 Q_SIGNALS:
  void started(int job);
  void progressed(int job, double fraction, const QString& text);
  void message(int job, const QString& text, bool warning);
  /// After the result's function was called.
  void finished(int job, const planish::desktop::Outcome& outcome);

 private:
  struct Entry {
    int id = 0;
    Work work;
    std::shared_ptr<Gate> gate;
    Progress progress;
  };
  void loop();
  void runOne(const std::shared_ptr<Entry>& entry);
  Progress progressFor(int id);

  mutable std::mutex m_mutex;
  std::condition_variable m_wake;
  std::deque<std::shared_ptr<Entry>> m_queue;
  std::shared_ptr<Entry> m_running;
  std::atomic<bool> m_ending = false;
  int m_nextId = 1;
  std::thread m_thread;
};

}  // namespace planish::desktop
