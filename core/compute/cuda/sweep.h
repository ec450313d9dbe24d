#pragma once

#include "core/compute/cuda/factor.h"

namespace planish::cuda {

class Sweep : public DeviceSweep {
 public:
  Sweep(const DeviceState& state, const DeviceSweepProblem& problem) : m_state(state), m_factor(factorize(state, problem)) {}
  ~Sweep() override;

  DeviceSweepLoss run(const float* weight, std::int64_t rows, const DeviceSweepOptions& options, const DeviceSweepOutput& output,
                      const Progress& progress) const override;
  const std::vector<std::int64_t>& order() const override { return m_factor.order; }
  const std::vector<double>& errorWeights() const override { return m_factor.errorWeights; }
  double damping() const override { return m_factor.damping; }
  double dampingShare() const override { return m_factor.dampingShare; }

 private:
  const DeviceState& m_state;
  Factor m_factor;
};

}  // namespace planish::cuda
