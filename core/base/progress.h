#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace planish {

/// The one feedback object that a long computation receives: progress, messages, warnings and the wish to stop.
/// Values may be copied; copies and parts share one stop flag and one listener. May be called from any thread.
class Progress {
 public:
  struct Listener {
    std::function<void(double fraction, std::string_view text)> onProgress;  ///< fraction 0..1 of the whole
    std::function<void(std::string_view text)> onMessage;
    std::function<void(std::string_view text)> onWarning;
  };

  /// Silent and never stopped.
  Progress();
  explicit Progress(Listener listener);

  /// Fraction 0..1 of this part.
  void report(double fraction, std::string_view text = {}) const;
  void message(std::string_view text) const;
  void warn(std::string_view text) const;

  void requestStop() const;
  bool stopRequested() const;
  /// Throws Cancelled if a stop was requested. Call at least once a layer.
  void throwIfStopped() const;

  /// A part of this progress that covers [from, to] of it.
  Progress part(double from, double to) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> m_shared;
  double m_from = 0, m_to = 1;
};

}  // namespace planish
