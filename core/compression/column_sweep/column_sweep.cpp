#include "core/compression/column_sweep/column_sweep.h"

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compression/column_sweep/device_column_sweep.h"
#include "core/compression/column_sweep/sweep_run.h"

#include <map>
#include <mutex>

namespace planish {
namespace {

void check(const SweepOptions& options, std::int64_t rows, std::int64_t columns, bool activationOrder) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::usage, why); };
  switch (options.grid.format) {
    case NumberFormat::keep:
    case NumberFormat::integer:
    case NumberFormat::unsignedInteger:
    case NumberFormat::fp8e4m3:
    case NumberFormat::fp8e5m2:
    case NumberFormat::fp4e2m1:
    case NumberFormat::nf4: break;
    default: refuse("a column sweep rounds to formats with scales");
  }
  const bool quantizes = options.grid.format != NumberFormat::keep;
  if (options.group < 0 || options.block < 1) refuse("a group or block of fewer than no columns");
  if (activationOrder && quantizes && !options.staticGroups && options.group > 0 && options.group < columns)
    refuse("groups whose scales are found on the way need the columns in their own order; use static groups with act-order");
  if (options.sparsity.kind == Sparsity::Kind::pattern && activationOrder) refuse("a pattern N:M needs the columns in their own order; turn act-order off");
  if (options.sparsity.kind == Sparsity::Kind::channels) refuse("a column sweep does not remove output channels");
  if (!options.fixedMask.empty() && options.sparsity.kind != Sparsity::Kind::none) refuse("a mask and a sparsity exclude each other");
  if (!options.fixedMask.empty() && options.fixedMask.size() != static_cast<std::size_t>(rows * columns)) refuse("a mask of another size than the weight");
}

class CpuColumnSweep : public ColumnSweep {
 public:
  CpuColumnSweep(const SweepProblem& problem, const Context& context, const Progress& progress)
      : m_rows(problem.rows), m_columns(problem.columns), m_threads(context.threads), m_activationOrder(problem.activationOrder) {
    const auto size = static_cast<std::size_t>(m_columns * m_columns), groups = static_cast<std::size_t>(problem.groups);
    if (problem.groups < 1 || m_rows % problem.groups != 0 || (problem.hessian.size() != size * groups && problem.hessianFloat.size() != size * groups))
      throw Error(ErrorKind::failed, "Hessians that do not belong to the layer's shape");
    m_factors.resize(groups);
    const auto factorize = [&](std::size_t g, int threads) {
      std::vector<double> copy;
      std::span<const double> hessian;
      if (problem.hessian.empty()) {
        const auto part = problem.hessianFloat.subspan(g * size, size);
        copy.assign(part.begin(), part.end());
        hessian = copy;
      } else {
        hessian = problem.hessian.subspan(g * size, size);
      }
      m_factors[g] = factorizeForSweep(hessian, m_columns, problem.damping, problem.activationOrder, threads, progress);
    };
    if (groups == 1) {
      factorize(0, m_threads);
      return;
    }
    parallelFor(m_threads, problem.groups, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t g = begin; g < end; ++g) factorize(static_cast<std::size_t>(g), 1);
    });
  }

  SweepResult run(std::span<const float> weight, const SweepOptions& options, const Progress& progress) const override {
    check(options, m_rows, m_columns, m_activationOrder);
    if (weight.size() != static_cast<std::size_t>(m_rows * m_columns)) throw Error(ErrorKind::failed, "a weight of another shape than the prepared one");
    return SweepRun({m_rows, m_columns, m_threads, m_factors}, weight, options).run(progress);
  }

  const std::vector<SweepFactor>& factors() const override { return m_factors; }

 private:
  std::int64_t m_rows, m_columns;
  int m_threads;
  bool m_activationOrder;
  std::vector<SweepFactor> m_factors;
};

std::mutex& makersMutex() {
  static std::mutex mutex;
  return mutex;
}

std::map<DeviceKind, ColumnSweepMaker>& makers() {
  static std::map<DeviceKind, ColumnSweepMaker> map = {{DeviceKind::cuda, makeDeviceColumnSweep}};
  return map;
}

}  // namespace

void setColumnSweepMaker(DeviceKind device, ColumnSweepMaker maker) {
  std::lock_guard lock(makersMutex());
  makers()[device] = maker;
}

std::unique_ptr<ColumnSweep> prepareColumnSweep(const SweepProblem& problem, const Context& context, const Progress& progress) {
  ColumnSweepMaker maker = nullptr;
  {
    std::lock_guard lock(makersMutex());
    const auto found = makers().find(context.device.kind);
    if (found != makers().end()) maker = found->second;
  }
  if (maker) return maker(problem, context, progress);
  return std::make_unique<CpuColumnSweep>(problem, context, progress);
}

}  // namespace planish
