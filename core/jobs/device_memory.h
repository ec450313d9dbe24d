#pragma once

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/compute/context.h"

#include <functional>
#include <string>

namespace planish {

/// What to do when a device's memory does not suffice.
enum class MemoryChoice : std::uint8_t {
  tryAgain,   ///< other programs were closed, perhaps
  processor,  ///< go on with what is left on the CPU
  end,        ///< end with the error; finished layers are kept
};

/// Asked when a device has no memory even for the smallest pieces, on the job's thread: may block. Not given: the job ends with the error.
using MemoryQuestion = std::function<MemoryChoice(const Error&)>;

inline constexpr std::int64_t kLeastMemory = std::int64_t(64) << 10;

/// The steps of a job where a device's memory may not suffice: such a step begins again with half of what was used at a time, down to kLeastMemory, which
/// changes no number; then the job's owner chooses. What was found out holds for the steps that follow. One thread.
class DeviceMemory {
 public:
  /// `kept`: what a job that ends for lack of memory leaves, for people.
  DeviceMemory(const Context& context, const MemoryQuestion& onNoMemory, std::string kept)
      : m_context(context), m_usual(context.memoryLimit), m_onNoMemory(onNoMemory), m_kept(std::move(kept)) {}

  /// Calls step(context) until it has the memory that it needs. It must be able to begin again after Error(outOfMemory).
  void run(const std::function<void(const Context&)>& step, const Progress& progress);
  /// Called before a step begins again: gives back what is kept on devices from step to step.
  void beforeRetry(std::function<void()> release) { m_release = std::move(release); }
  const Context& context() const { return m_context; }
  /// How often the context changed, or a step began again: what keeps values of the device from step to step must be made anew.
  int changes() const { return m_changes; }
  /// Whether the job's owner chose the end.
  bool ended() const { return m_ended; }

 private:
  Context m_context;
  std::int64_t m_usual;
  const MemoryQuestion& m_onNoMemory;
  std::string m_kept;
  std::function<void()> m_release;
  int m_changes = 0;
  bool m_ended = false;
};

}  // namespace planish
