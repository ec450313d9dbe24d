#include "core/jobs/device_memory.h"

#include "core/compute/device_library.h"

#include <algorithm>

namespace planish {
namespace {

void eachDevice(const Context& context, const std::function<void(DeviceEngines&, int)>& body) {
  if (context.device.kind == DeviceKind::cpu || !deviceLibrary().engines) return;
  for (int i = 0; i < context.deviceCount; ++i) body(*deviceLibrary().engines, context.device.index + i);
}

std::int64_t mostUsed(const Context& context) {
  std::int64_t most = 0;
  eachDevice(context, [&](DeviceEngines& engines, int device) { most = std::max(most, engines.memoryUse(device).peak); });
  return most;
}

}  // namespace

void DeviceMemory::run(const std::function<void(const Context&)>& step, const Progress& progress) {
  for (;; ++m_changes) {
    eachDevice(m_context, [](DeviceEngines& engines, int device) { engines.resetPeak(device); });
    try {
      return step(m_context);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::outOfMemory || m_context.device.kind == DeviceKind::cpu) throw;
      const std::int64_t used = mostUsed(m_context);
      if (m_release) m_release();
      eachDevice(m_context, [](DeviceEngines& engines, int device) { engines.trim(device); });
      if (const std::int64_t less = std::min(m_context.memoryLimit, used) / 2; less >= kLeastMemory) {
        m_context.memoryLimit = less;
        progress.warn("the device's memory does not suffice: going on with half as much at a time");
        continue;
      }
      const MemoryChoice choice = m_onNoMemory ? m_onNoMemory(error) : MemoryChoice::end;
      if (choice == MemoryChoice::end) {
        m_ended = m_onNoMemory != nullptr;
        throw Error(error.kind(), error.message()).in(error.file()).at(error.where()).remedy(error.remedyText() + "; " + m_kept);
      }
      progress.throwIfStopped();
      m_context.memoryLimit = m_usual;
      if (choice != MemoryChoice::processor) continue;
      m_context.device = {};
      m_context.deviceCount = 1;
      progress.warn("going on with the CPU");
    }
  }
}

}  // namespace planish
