#include "views/base/workspace.h"

#include "tests/views/support/sample_workspace.h"

#include <gtest/gtest.h>

namespace planish::views {
namespace {

TEST(Workspace, TotalsFollowAChangeByExactlyItsCell) {
  const Workspace w = sampleWorkspace(12);
  const Setting before = w.plan.layers[3].setting, after = parseSetting("int8");
  const PlanTotals now = totalsWith(w), then = totalsWith(w, {{3, after}});
  EXPECT_EQ(then.bytes.count - now.bytes.count, menuItem(w, 3, after)->bits.bytes().count - menuItem(w, 3, before)->bits.bytes().count);
  EXPECT_NEAR(then.predicted.mean - now.predicted.mean, damageOf(w, 3, after) - damageOf(w, 3, before), 1e-15);
  EXPECT_EQ(now.unmeasured, 0);
}

TEST(Workspace, ErrorsAddInSquares) {
  Workspace w = sampleWorkspace(2);
  for (auto& menu : w.menus)
    for (auto& item : menu) item.damage = Estimate{1, 3, 10};
  EXPECT_NEAR(totalsWith(w).predicted.standardError, std::sqrt(18.0), 1e-12);
}

TEST(Workspace, NearestLegalSkipsWhatTheTargetRefuses) {
  Workspace w = sampleWorkspace(3);
  EXPECT_EQ(toText(*nearestLegal(w, 1, 4.4, w.plan.layers[1].setting)), "int4");
  w.menus[1][2].refusal = QStringLiteral("no int4 here");
  EXPECT_EQ(toText(*nearestLegal(w, 1, 4.4, w.plan.layers[1].setting)), "int5");
  EXPECT_TRUE(nearestLegal(w, 1, 40, w.plan.layers[1].setting)->isKeep());
}

}  // namespace
}  // namespace planish::views
