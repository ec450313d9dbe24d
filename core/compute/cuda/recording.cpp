#include "core/compute/cuda/recording.h"

#include "core/base/error.h"
#include "core/base/progress.h"

namespace planish::cuda {
namespace {

class Recording : public DeviceRecording {
 public:
  explicit Recording(DeviceUnit& unit) : m_unit(unit) {}
  ~Recording() override {
    if (m_work) cudaGraphExecDestroy(m_work);
    m_unit.memory->release(m_held);
  }

  /// False if it cannot be recorded. Passes on what `work` throws for other reasons.
  bool make(const std::function<void()>& work) {
    const cudaStream_t stream = m_unit.state.stream();
    // Memory that is asked of the driver meanwhile is no part of what is recorded.
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed), "recording work");
    m_unit.memory->beginHolding(m_held);
    bool possible = true;
    try {
      work();
    } catch (const NotRecordable&) {
      possible = false;
    } catch (const Error&) {
      possible = false;  // where it has another cause it comes again without recording
    } catch (...) {
      if (const cudaGraph_t graph = finish()) cudaGraphDestroy(graph);
      throw;
    }
    const cudaGraph_t graph = finish();
    if (!graph) return false;
    possible = possible && cudaGraphInstantiate(&m_work, graph, 0) == cudaSuccess;
    cudaGraphDestroy(graph);
    cudaGetLastError();
    return possible;
  }

  void replay() override {
    m_unit.state.activate();
    check(cudaGraphLaunch(m_work, m_unit.state.stream()), "work that was recorded");
  }

 private:
  /// nullptr if something that was enqueued cannot be recorded.
  cudaGraph_t finish() {
    m_unit.memory->endHolding();
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(m_unit.state.stream(), &graph) != cudaSuccess) graph = nullptr;
    cudaGetLastError();
    return graph;
  }

  DeviceUnit& m_unit;
  TensorMemory::Held m_held;
  cudaGraphExec_t m_work = nullptr;
};

}  // namespace

std::unique_ptr<DeviceRecording> record(DeviceUnit& unit, const std::function<void()>& work) {
  auto recording = std::make_unique<Recording>(unit);
  if (!recording->make(work)) return nullptr;
  return recording;
}

}  // namespace planish::cuda
