#pragma once

#include <ctime>

namespace planish::views {

/// Milliseconds of this thread's own work: bounds hold however busy the machine is with other programs.
class ProcessorClock {
 public:
  double elapsed() const { return now() - m_start; }
  double restart() {
    const double passed = elapsed();
    m_start = now();
    return passed;
  }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  }
  double m_start = now();
};

}  // namespace planish::views
