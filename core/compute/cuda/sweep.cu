#include "core/base/error.h"
#include "core/compute/cuda/reorder.h"
#include "core/compute/cuda/sweep.h"
#include "core/compute/cuda/sweep_block.h"
#include "core/compute/cuda/sweep_plan.h"

#include <algorithm>
#include <cmath>

namespace planish::cuda {
namespace {

/// One call of Sweep::run: its arrays and steps.
class Run {
 public:
  Run(const DeviceState& state, const Factor& factor, const float* weight, std::int64_t rows, const DeviceSweepOptions& options, const DeviceSweepOutput& output)
      : m_state(state), m_factor(factor), m_options(options), m_output(output), m_rows(rows), m_columns(factor.columns),
        m_blocks(planBlocks(options, factor.columns, factor.reordered)) {
    if (rows * kBlockColumns >= INT32_MAX) throw Error(ErrorKind::unsupported, "a layer of " + std::to_string(rows) + " rows is too large for one device sweep");
    const std::int64_t size = rows * m_columns;
    const OnDevice<float> source(state, weight, size);
    m_weight = Array<float>(state, size);
    gatherColumns(state, source.data(), m_weight.data(), rows, m_columns, factor.orderOnDevice.data(), options.zeroDead ? factor.dead.data() : nullptr);
    m_pending = Array<float>(state, size);
    m_difference = Array<float>(state, rows * kBlockColumns);
    m_loss = Array<double>(state, 2 * rows);
    m_loss.clear();
    if (!options.grid.bits && !options.sparsity.of && !options.sparsity.keep && !(options.sparsity.share > 0))
      throw Error(ErrorKind::usage, "a sweep needs a grid or zeros");
    prepareMask();
    if (options.grid.bits) prepareGrid(source.data());
    if (options.grid.bits && output.codes) m_codes = Array<std::int16_t>(state, size);
    m_inverses = invertBlocks(state, factor, m_blocks);
  }

  DeviceSweepLoss sweep(const Progress& progress) {
    for (std::size_t i = 0; i < m_blocks.size(); ++i) {
      progress.throwIfStopped();
      sweepOne(i);
      progress.report(static_cast<double>(i + 1) / static_cast<double>(m_blocks.size()));
    }
    write();
    std::vector<double> sums(static_cast<std::size_t>(2 * m_rows));
    copy(m_state, sums.data(), m_loss.data(), 2 * m_rows);
    double damped = 0, squares = 0;
    for (std::size_t row = 0; row < sums.size() / 2; ++row) {
      damped += sums[row];
      squares += sums[row + sums.size() / 2];
    }
    if (!std::isfinite(damped)) throw Error(ErrorKind::invalidInput, "a weight or a Hessian is not finite");
    return {damped, std::max(0., damped - m_factor.damping * squares)};
  }

 private:
  void prepareMask() {
    const DeviceSparsity& sparsity = m_options.sparsity;
    if (sparsity.keep) {
      const OnDevice<std::uint8_t> keep(m_state, sparsity.keep, m_rows * m_columns);
      m_keep = Array<std::uint8_t>(m_state, m_rows * m_columns);
      gatherColumns(m_state, keep.data(), m_keep.data(), m_rows, m_columns, m_factor.orderOnDevice.data(), nullptr);
    } else if (m_output.keep && masking() != Masking::none) {
      m_keep = Array<std::uint8_t>(m_state, m_rows * m_columns);
    }
    if (sparsity.share > 0) {
      m_scores = Array<float>(m_state, m_rows * kBlockColumns);
      m_selection = Array<Selection>(m_state, 1);
    }
  }

  void prepareGrid(const float* source) {
    const DeviceGrid& given = m_options.grid;
    const std::int64_t group = groupColumns(given, m_columns), groups = (m_columns + group - 1) / group, count = m_rows * groups;
    m_scales = Array<float>(m_state, count);
    m_zeroPoints = Array<float>(m_state, count);
    m_grid.low = given.symmetric ? -static_cast<float>(1 << (given.bits - 1)) : 0.f;
    m_grid.high = m_grid.low + static_cast<float>((1 << given.bits) - 1);
    m_grid.rounds = true;
    m_grid.symmetric = given.symmetric;
    m_grid.halfScales = given.halfScales;
    m_grid.finds = findsWhileSweeping(given, m_columns) && group <= m_options.block;
    m_grid.group = static_cast<std::int32_t>(group);
    m_grid.groups = static_cast<std::int32_t>(groups);
    m_grid.scales = m_scales.data();
    m_grid.zeroPoints = m_zeroPoints.data();
    if (m_factor.reordered && groups > 1) {
      std::vector<std::int32_t> groupOf;
      for (const std::int64_t column : m_factor.order) groupOf.push_back(static_cast<std::int32_t>(column / group));
      m_groupOf = Array<std::int32_t>(m_state, m_columns);
      copy(m_state, m_groupOf.data(), groupOf.data(), m_columns);
      m_grid.groupOf = m_groupOf.data();
    }
    if (given.scales) {
      copy(m_state, m_scales.data(), given.scales, count);
      copy(m_state, m_zeroPoints.data(), given.zeroPoints, count);
    } else if (!findsWhileSweeping(given, m_columns)) {
      for (std::int64_t g = 0; g < groups; ++g)
        findScales(m_state, m_rows,
                   {source + g * group, nullptr, m_columns, 0, static_cast<std::int32_t>(std::min(group, m_columns - g * group)), static_cast<std::int32_t>(g),
                    m_options.zeroDead ? m_factor.dead.data() + g * group : nullptr},
                   m_grid);
    }
  }

  Masking masking() const {
    const DeviceSparsity& sparsity = m_options.sparsity;
    return sparsity.keep ? Masking::kept : sparsity.of ? Masking::pattern : sparsity.share > 0 ? Masking::selected : Masking::none;
  }

  /// Scales of a group that is wider than a block, from what its weights are when the sweep reaches it: W + pending * N^-1 over the group.
  void findWideScales(const ColumnBlock& block) {
    const std::int64_t group = m_grid.group, first = block.first;
    if (!findsWhileSweeping(m_options.grid, m_columns) || m_grid.finds || first % group) return;
    const std::int64_t width = std::min(group, m_columns - first);
    GroupRange range{m_weight.data() + first, nullptr, m_columns, width, static_cast<std::int32_t>(width), static_cast<std::int32_t>(first / group)};
    Array<float> correction;
    if (first > 0) {
      correction = Array<float>(m_state, m_rows * width);
      check(cudaMemcpy2DAsync(correction.data(), static_cast<std::size_t>(width) * sizeof(float), m_pending.data() + first,
                              static_cast<std::size_t>(m_columns) * sizeof(float), static_cast<std::size_t>(width) * sizeof(float),
                              static_cast<std::size_t>(m_rows), cudaMemcpyDeviceToDevice, m_state.stream()),
            "copying a group");
      const float one = 1.f;
      check(cublasStrsm_64(m_state.blas(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_UNIT, width, m_rows, &one,
                           m_factor.coupling.data() + first * (m_columns + 1), m_columns, correction.data(), width),
            "compensating a group");
      range.right = correction.data();
    }
    findScales(m_state, m_rows, range, m_grid);
  }

  void chooseZeros(const BlockTask& task) {
    const std::int64_t end = task.first + task.width;
    const auto dropped = static_cast<std::int64_t>(std::floor(m_options.sparsity.share * static_cast<double>(m_rows * end)));
    select(m_state, task.scores, m_rows * task.width, std::min(dropped - m_dropped, m_rows * task.width), m_selection.data());
    m_dropped = dropped;
  }

  void sweepOne(std::size_t index) {
    const ColumnBlock& block = m_blocks[index];
    findWideScales(block);
    BlockTask task{m_rows, m_columns, block.first, block.width, index == 0, m_weight.data(), m_pending.data(), m_difference.data(),
                   m_inverses.data() + static_cast<std::int64_t>(index) * kBlockColumns * kBlockColumns, m_factor.errorWeightsOnDevice.data(), m_loss.data(),
                   m_loss.data() + m_rows, m_grid, masking(), m_scores.data(), m_selection.data(), m_keep.data(), m_options.sparsity.zeros, m_options.sparsity.of,
                   m_codes.data()};
    compensate(m_state, task);
    if (task.masking == Masking::selected) chooseZeros(task);
    sweepBlock(m_state, task);
    const std::int64_t next = block.first + block.width, rest = m_columns - next;
    if (rest == 0) return;
    // pending [rows, rest] += difference [rows, width] * N [width, rest], in float32.
    const float one = 1.f, before = index == 0 ? 0.f : 1.f;
    check(cublasGemmEx_64(m_state.blas(), CUBLAS_OP_N, CUBLAS_OP_N, rest, m_rows, block.width, &one, m_factor.coupling.data() + block.first * m_columns + next, CUDA_R_32F,
                          m_columns, m_difference.data(), CUDA_R_32F, kBlockColumns, &before, m_pending.data() + next, CUDA_R_32F, m_columns, CUBLAS_COMPUTE_32F,
                          CUBLAS_GEMM_DEFAULT),
          "spreading the error of a block");
  }

  template <typename T>
  void writeMatrix(const Array<T>& source, T* target) {
    if (!target || source.empty()) return;
    if (!m_factor.reordered) return copy(m_state, target, source.data(), m_rows * m_columns);
    if (isDevicePointer(target)) return scatterColumns(m_state, source.data(), target, m_rows, m_columns, m_factor.orderOnDevice.data());
    Array<T> ordered(m_state, m_rows * m_columns);
    scatterColumns(m_state, source.data(), ordered.data(), m_rows, m_columns, m_factor.orderOnDevice.data());
    copy(m_state, target, ordered.data(), m_rows * m_columns);
  }

  void write() {
    writeMatrix(m_weight, m_output.values);
    writeMatrix(m_codes, m_output.codes);
    writeMatrix(m_keep, m_output.keep);
    if (m_output.scales && !m_scales.empty()) copy(m_state, m_output.scales, m_scales.data(), m_scales.count());
    if (m_output.zeroPoints && !m_zeroPoints.empty()) copy(m_state, m_output.zeroPoints, m_zeroPoints.data(), m_zeroPoints.count());
  }

  const DeviceState& m_state;
  const Factor& m_factor;
  const DeviceSweepOptions& m_options;
  const DeviceSweepOutput& m_output;
  std::int64_t m_rows, m_columns, m_dropped = 0;
  std::vector<ColumnBlock> m_blocks;
  Grid m_grid;
  Array<float> m_weight, m_pending, m_difference, m_inverses, m_scales, m_zeroPoints, m_scores;
  Array<double> m_loss;
  Array<std::int32_t> m_groupOf;
  Array<std::uint8_t> m_keep;
  Array<std::int16_t> m_codes;
  Array<Selection> m_selection;
};

}  // namespace

Sweep::~Sweep() { cudaSetDevice(m_state.ordinal()); }

DeviceSweepLoss Sweep::run(const float* weight, std::int64_t rows, const DeviceSweepOptions& options, const DeviceSweepOutput& output,
                           const Progress& progress) const {
  m_state.activate();
  return Run(m_state, m_factor, weight, rows, options, output).sweep(progress);
}

}  // namespace planish::cuda
