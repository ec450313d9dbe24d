#include "core/compression/column_sweep/device_column_sweep.h"

#include "core/base/error.h"
#include "core/compression/column_sweep/sweep_scales.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <mutex>

namespace planish {
namespace {

/// Widest block of a device sweep.
constexpr std::int64_t kDeviceBlock = 128;

bool isInteger(NumberFormat format) { return format == NumberFormat::integer || format == NumberFormat::unsignedInteger; }

bool dynamicGroups(const SweepOptions& options, std::int64_t columns) {
  return options.grid.format != NumberFormat::keep && !options.staticGroups && options.group > 0 && options.group < columns;
}

/// Why the processor has to do this one; empty if the device can.
std::string whyProcessor(const SweepOptions& options, std::int64_t columns) {
  if (options.grid.format != NumberFormat::keep && !isInteger(options.grid.format)) return "the device rounds to integers only";
  if (dynamicGroups(options, columns) && options.grid.clipSearch) return "the device does not search for scales on the way";
  if (options.sparsity.kind == Sparsity::Kind::unstructured && options.block > kDeviceBlock)
    return "the device chooses zeros among at most " + std::to_string(kDeviceBlock) + " columns";
  if (options.sparsity.kind == Sparsity::Kind::channels || options.block < 1) return "the options are refused there";
  return {};
}

class DeviceColumnSweep : public ColumnSweep {
 public:
  DeviceColumnSweep(const SweepProblem& problem, const Context& context, const Progress& progress)
      : m_rows(problem.rows), m_columns(problem.columns), m_host(context), m_problem(problem) {
    m_host.device = {};
    describeDevice(context.device.index);
    if (problem.groups != 1) {
      progress.message("a convolution in groups is swept by the processor");
      m_processor = prepareColumnSweep(problem, m_host, progress);
      return;
    }
    const auto size = static_cast<std::size_t>(m_columns * m_columns);
    if (problem.hessian.size() != size && problem.hessianFloat.size() != size) throw Error(ErrorKind::failed, "a Hessian that does not belong to the layer's shape");
    progress.throwIfStopped();
    const bool wide = problem.hessianFloat.empty();
    m_sweep = deviceLibrary().engines->sweep(context.device.index, {.columns = m_columns,
                                                                    .hessian = wide ? nullptr : problem.hessianFloat.data(),
                                                                    .hessianDouble = wide ? problem.hessian.data() : nullptr,
                                                                    .damping = problem.damping,
                                                                    .activationOrder = problem.activationOrder});
    // The caller's numbers may be gone when the processor is needed.
    m_hessian.assign(problem.hessian.begin(), problem.hessian.end());
    m_hessianFloat.assign(problem.hessianFloat.begin(), problem.hessianFloat.end());
    m_problem.hessian = m_hessian;
    m_problem.hessianFloat = m_hessianFloat;
    SweepFactor factor;
    factor.order = m_sweep->order();
    factor.weight = m_sweep->errorWeights();
    factor.damping = m_sweep->damping();
    factor.dampingShare = m_sweep->dampingShare();
    for (std::size_t i = 0; i < size; i += static_cast<std::size_t>(m_columns) + 1) {
      factor.diagonal.push_back(wide ? static_cast<float>(problem.hessian[i]) : problem.hessianFloat[i]);
      factor.dead.push_back((wide ? problem.hessian[i] : problem.hessianFloat[i]) == 0);
    }
    m_factors.push_back(std::move(factor));
  }

  const std::vector<SweepFactor>& factors() const override { return m_sweep ? m_factors : m_processor->factors(); }

  SweepResult run(std::span<const float> weight, const SweepOptions& options, const Progress& progress) const override {
    if (!m_sweep) return m_processor->run(weight, options, progress);
    if (const std::string reason = whyProcessor(options, m_columns); !reason.empty()) {
      progress.message("swept by the processor: " + reason);
      return processor(progress).run(weight, options, progress);
    }
    if (weight.size() != static_cast<std::size_t>(m_rows * m_columns)) throw Error(ErrorKind::failed, "a weight of another shape than the prepared one");
    if (!options.fixedMask.empty() && options.fixedMask.size() != weight.size()) throw Error(ErrorKind::usage, "a mask of another size than the weight");
    return runOnDevice(weight, options, progress);
  }

 private:
  SweepResult runOnDevice(std::span<const float> weight, const SweepOptions& options, const Progress& progress) const {
    const std::int64_t group = options.group > 0 ? std::min(options.group, m_columns) : m_columns, perRow = (m_columns + group - 1) / group;
    const bool rounds = options.grid.format != NumberFormat::keep, masks = options.sparsity.kind != Sparsity::Kind::none || !options.fixedMask.empty();
    SweepResult result;
    result.weight.resize(weight.size());
    std::vector<float> scales, zeroPoints;
    DeviceSweepOptions device;
    device.block = std::clamp<std::int64_t>(options.block, 8, kDeviceBlock);
    device.zeroDead = options.zeroDead;
    if (options.sparsity.kind == Sparsity::Kind::unstructured) device.sparsity.share = options.sparsity.percent / 100;
    if (options.sparsity.kind == Sparsity::Kind::pattern) {
      device.sparsity.zeros = options.sparsity.of - options.sparsity.keep;
      device.sparsity.of = options.sparsity.of;
    }
    if (!options.fixedMask.empty()) device.sparsity.keep = options.fixedMask.data();
    if (rounds) {
      result.codes.resize(weight.size());
      device.grid.bits = options.grid.bits;
      device.grid.symmetric = options.grid.format == NumberFormat::integer;
      device.grid.group = group;
      device.grid.halfScales = options.grid.scaleBits == 16;
      scales.resize(static_cast<std::size_t>(m_rows * perRow));
      zeroPoints.resize(scales.size());
      if (!dynamicGroups(options, m_columns)) {
        findScales(weight, options, result, scales, zeroPoints);
        device.grid.scales = scales.data();
        device.grid.zeroPoints = zeroPoints.data();
      }
    }
    if (masks) result.mask.resize(weight.size());
    const bool foundThere = rounds && !device.grid.scales;
    const DeviceSweepLoss loss = m_sweep->run(weight.data(), m_rows, device,
                                              {.values = result.weight.data(),
                                               .codes = rounds ? result.codes.data() : nullptr,
                                               .scales = foundThere ? scales.data() : nullptr,
                                               .zeroPoints = foundThere ? zeroPoints.data() : nullptr,
                                               .keep = masks ? result.mask.data() : nullptr},
                                              progress);
    if (foundThere) {
      result.scales = scales;
      for (const float zero : zeroPoints) result.zeroPoints.push_back(static_cast<std::int16_t>(zero));
    }
    if (options.grid.format != NumberFormat::unsignedInteger) result.zeroPoints.clear();
    result.loss = loss.plain;
    result.dampedLoss = loss.damped;
    return result;
  }

  /// The processor's scales: into the result as they are stored, and one for each row and group.
  void findScales(std::span<const float> weight, const SweepOptions& options, SweepResult& result, std::vector<float>& scales, std::vector<float>& zeroPoints) const {
    std::vector<float> live(weight.begin(), weight.end());
    if (options.zeroDead)
      for (std::size_t i = 0; i < live.size(); ++i)
        if (m_factors[0].dead[i % static_cast<std::size_t>(m_columns)]) live[i] = 0;
    SweepScales found(m_rows, m_columns, 1, options, m_factors);
    found.findAll(live, m_host.threads);
    result.scales = found.scales();
    result.zeroPoints = found.zeroPoints();
    for (std::size_t i = 0; i < scales.size(); ++i) {
      scales[i] = result.scales[result.scales.size() == 1 ? 0 : i];
      zeroPoints[i] = result.zeroPoints[result.scales.size() == 1 ? 0 : i];
    }
  }

  const ColumnSweep& processor(const Progress& progress) const {
    const std::lock_guard lock(m_mutex);
    if (!m_processor) m_processor = prepareColumnSweep(m_problem, m_host, progress);
    return *m_processor;
  }

  std::int64_t m_rows, m_columns;
  Context m_host;
  SweepProblem m_problem;
  std::vector<double> m_hessian;
  std::vector<float> m_hessianFloat;
  std::unique_ptr<DeviceSweep> m_sweep;
  std::vector<SweepFactor> m_factors;
  mutable std::mutex m_mutex;
  mutable std::unique_ptr<ColumnSweep> m_processor;
};

}  // namespace

std::unique_ptr<ColumnSweep> makeDeviceColumnSweep(const SweepProblem& problem, const Context& context, const Progress& progress) {
  return std::make_unique<DeviceColumnSweep>(problem, context, progress);
}

}  // namespace planish
