#include "views/plan/plan_drag.h"

#include "views/base/drag_number.h"

#include <algorithm>

namespace planish::views {
namespace {

/// Halfway between two steps the one farther on is taken.
constexpr double kOnward = 1.001;

}  // namespace

PlanDrag::PlanDrag(const Workspace& workspace, SettingPart part, int anchor, std::vector<int> layers) : m_part(part), m_number(nextDragNumber()) {
  layers.push_back(anchor);
  const std::vector<int> tied = withSharers(workspace, {anchor});
  for (const int layer : withSharers(workspace, std::move(layers))) {
    Member member;
    member.layer = layer;
    member.start = member.now = workspace.plan.layers.at(static_cast<std::size_t>(layer)).setting;
    member.startPlace = placeOf(workspace, layer, member.start, part);
    member.steps = stepsOf(workspace, layer, member.start, part);
    member.tied = std::binary_search(tied.begin(), tied.end(), layer);
    if (layer == anchor) m_anchor = m_members.size();
    m_members.push_back(std::move(member));
  }
}

bool PlanDrag::put(Member& member, const Setting& setting) {
  if (member.now == setting) return false;
  member.now = setting;
  member.touched = true;
  return true;
}

bool PlanDrag::moveTo(double place, bool onlyAnchor) {
  Member& anchor = m_members[m_anchor];
  const SettingStep* pointed = nearestStep(anchor.steps, place, false);
  m_refused = pointed && !pointed->legal() ? std::optional(*pointed) : std::nullopt;
  const SettingStep* legal = nearestStep(anchor.steps, place, true);
  if (!legal) return false;
  const double way = legal->place - anchor.startPlace;
  bool changed = put(anchor, legal->setting);
  for (Member& member : m_members) {
    if (&member == &anchor) continue;
    if (member.tied) {
      changed |= put(member, anchor.now);
      continue;
    }
    const SettingStep* own = onlyAnchor || way == 0 ? nullptr : nearestStep(member.steps, member.startPlace + way * kOnward, true);
    changed |= put(member, own ? own->setting : member.start);
  }
  return changed;
}

bool PlanDrag::step(int direction) {
  bool changed = false;
  for (Member& member : m_members) {
    const auto at = std::find_if(member.steps.begin(), member.steps.end(), [&](const SettingStep& s) { return s.setting == member.now; });
    const double place = at == member.steps.end() ? member.startPlace : at->place;
    if (const SettingStep* next = nextStep(member.steps, place, direction)) changed |= put(member, next->setting);
  }
  return changed;
}

std::vector<std::pair<int, Setting>> PlanDrag::settings() const {
  std::vector<std::pair<int, Setting>> list;
  for (const Member& member : m_members)
    if (member.touched) list.emplace_back(member.layer, member.now);
  return list;
}

std::vector<std::pair<int, Setting>> PlanDrag::starts() const {
  std::vector<std::pair<int, Setting>> list;
  for (const Member& member : m_members)
    if (member.touched) list.emplace_back(member.layer, member.start);
  return list;
}

bool PlanDrag::touched() const {
  return std::any_of(m_members.begin(), m_members.end(), [](const Member& m) { return m.touched; });
}

int PlanDrag::movedCount() const {
  return static_cast<int>(std::count_if(m_members.begin(), m_members.end(), [](const Member& m) { return !(m.now == m.start); }));
}

}  // namespace planish::views
