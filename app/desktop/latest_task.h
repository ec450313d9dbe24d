#pragma once

#include "app/desktop/worker.h"
#include "core/base/progress.h"

#include <QObject>
#include <QThreadPool>

#include <functional>
#include <memory>
#include <utility>

namespace planish::desktop {

/// Short computations off the GUI thread of which only the newest counts (solving again while the budget line is dragged): a new request
/// stops the one before, and its result is dropped. For the GUI thread.
class LatestTask : public QObject {
 public:
  explicit LatestTask(QObject* parent = nullptr) : QObject(parent) { m_pool.setMaxThreadCount(1); }
  ~LatestTask() override {
    m_progress.requestStop();
    m_pool.clear();
    m_pool.waitForDone();
  }

  /// `work` on a thread of its own; its value goes to `done` on the GUI thread, an exception's text to `failed`.
  template <typename Value>
  void run(std::function<Value(const Progress&)> work, std::function<void(Value)> done, std::function<void(QString)> failed = {}) {
    m_progress.requestStop();
    m_pool.clear();
    m_progress = Progress(Progress::Listener{});
    const int ticket = ++m_ticket;
    m_pool.start([this, ticket, progress = m_progress, work = std::move(work), done = std::move(done), failed = std::move(failed)] {
      yieldToTheWindow();
      std::shared_ptr<Value> value;
      QString problem;
      try {
        value = std::make_shared<Value>(work(progress));
      } catch (const std::exception& error) {
        problem = QString::fromUtf8(error.what());
      }
      QMetaObject::invokeMethod(this, [this, ticket, value, problem, done, failed] {
        if (ticket != m_ticket) return;
        if (value) done(std::move(*value));
        else if (failed) failed(problem);
      }, Qt::QueuedConnection);
    });
  }
  void cancel() {
    ++m_ticket;
    m_progress.requestStop();
  }
  bool busy() const { return m_pool.activeThreadCount() > 0; }
  void wait() { m_pool.waitForDone(); }

 private:
  QThreadPool m_pool;
  Progress m_progress;
  int m_ticket = 0;
};

}  // namespace planish::desktop
