#pragma once

#include "views/plan/setting_steps.h"

#include <optional>
#include <utility>
#include <vector>

namespace planish::views {

/// A change of settings that is under way: the bar under the cursor snaps to its menu, the others of the selection go the same step
/// and snap to theirs. Keeps where everything began; changes nothing itself.
class PlanDrag {
 public:
  PlanDrag(const Workspace& workspace, SettingPart part, int anchor, std::vector<int> layers);

  /// Brings the anchor to the legal step nearest to `place`; the others follow unless `onlyAnchor`. True if any setting is another now.
  bool moveTo(double place, bool onlyAnchor);
  /// Each layer to its own next legal step; for keys.
  bool step(int direction);

  int number() const { return m_number; }
  SettingPart part() const { return m_part; }
  int anchor() const { return m_members[m_anchor].layer; }
  const Setting& anchorStart() const { return m_members[m_anchor].start; }
  const Setting& anchorNow() const { return m_members[m_anchor].now; }
  double anchorStartPlace() const { return m_members[m_anchor].startPlace; }
  const std::vector<SettingStep>& anchorSteps() const { return m_members[m_anchor].steps; }
  /// What the cursor points at where that is not legal.
  const std::optional<SettingStep>& refused() const { return m_refused; }

  /// Settings of all layers that were changed by this drag at any time, as they are now and as they were.
  std::vector<std::pair<int, Setting>> settings() const;
  std::vector<std::pair<int, Setting>> starts() const;
  bool touched() const;
  /// Layers that stand elsewhere than they began.
  int movedCount() const;

 private:
  struct Member {
    int layer = 0;
    Setting start, now;
    double startPlace = 0;
    std::vector<SettingStep> steps;
    bool touched = false;
    bool tied = false;  ///< shares the anchor's weight
  };
  static bool put(Member& member, const Setting& setting);

  SettingPart m_part;
  int m_number;
  std::size_t m_anchor = 0;
  std::vector<Member> m_members;
  std::optional<SettingStep> m_refused;
};

}  // namespace planish::views
