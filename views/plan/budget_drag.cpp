#include "views/plan/budget_drag.h"

#include "views/base/drag_number.h"

#include <algorithm>
#include <cmath>

namespace planish::views {

std::int64_t countedWeights(const Workspace& workspace) {
  std::int64_t weights = 0;
  for (std::size_t i = 0; i < workspace.plan.layers.size() && i < static_cast<std::size_t>(workspace.layerCount()); ++i)
    if (workspace.plan.layers[i].bits.count > 0) weights += workspace.network->layers.items[i].weightCount();
  return weights;
}

std::optional<double> budgetBits(const Workspace& workspace) {
  const std::int64_t weights = countedWeights(workspace);
  if (!workspace.budgetBytes || weights <= 0) return std::nullopt;
  return static_cast<double>(workspace.budgetBytes->count) * 8 / static_cast<double>(weights);
}

std::optional<BudgetDrag> BudgetDrag::begin(const Workspace& workspace) {
  const auto bits = budgetBits(workspace);
  if (!bits || !(*bits > 0) || workspace.budget.kind == Budget::Kind::loss) return std::nullopt;
  BudgetDrag drag;
  drag.m_start = drag.m_now = workspace.budget;
  drag.m_startBits = drag.m_bits = *bits;
  drag.m_weights = countedWeights(workspace);
  drag.m_number = nextDragNumber();
  return drag;
}

bool BudgetDrag::moveTo(double bits) {
  const double wanted = std::clamp(bits, 0.1, 32.0);
  // All kinds are in proportion to bits per weight; steps of 0.01 bits, whole bytes, tenths of a percent.
  double value = m_start.value * wanted / m_startBits;
  if (m_start.kind == Budget::Kind::bytes) value = std::max(1.0, std::nearbyint(value));
  if (m_start.kind == Budget::Kind::bitsPerWeight) value = std::max(0.01, std::nearbyint(value * 100) / 100);
  if (m_start.kind == Budget::Kind::percent) value = std::max(0.1, std::nearbyint(value * 10) / 10);
  if (value == m_now.value) return false;
  m_now.value = value;
  m_bits = m_startBits * value / m_start.value;
  m_touched = true;
  return true;
}

std::int64_t BudgetDrag::bytes() const { return static_cast<std::int64_t>(std::floor(m_bits * static_cast<double>(m_weights) / 8 + 1e-6)); }

}  // namespace planish::views
