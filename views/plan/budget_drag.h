#pragma once

#include "views/base/workspace.h"

#include <cstdint>
#include <optional>

namespace planish::views {

/// Weights that the plan spends bytes on; each shared weight once.
std::int64_t countedWeights(const Workspace& workspace);
/// The budget as bits per weight; nullopt for a budget of loss, or none.
std::optional<double> budgetBits(const Workspace& workspace);

/// A budget that is moved: stays of the kind it was (bytes, bits per weight, percent), in steps that people would type.
class BudgetDrag {
 public:
  /// nullopt where the budget is no size.
  static std::optional<BudgetDrag> begin(const Workspace& workspace);

  /// True if the budget is another now. `bits` per weight; kept within [0.1, 32].
  bool moveTo(double bits);
  int number() const { return m_number; }
  const Budget& budget() const { return m_now; }
  double startBits() const { return m_startBits; }
  double bits() const { return m_bits; }
  std::int64_t bytes() const;
  bool touched() const { return m_touched; }
  bool backAtStart() const { return m_now == m_start; }

 private:
  Budget m_start, m_now;
  double m_startBits = 0, m_bits = 0;
  std::int64_t m_weights = 0;
  int m_number = 0;
  bool m_touched = false;
};

}  // namespace planish::views
