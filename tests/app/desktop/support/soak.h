#pragma once

#include "tests/app/desktop/support/driver.h"

#include "core/jobs/preflight.h"

namespace planish::desktop {

inline int openDescriptors() { return static_cast<int>(QDir(QStringLiteral("/proc/self/fd")).entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot).size()); }

/// Opens and closes the demos in turns in one window: after the first rounds, in which pools and caches fill, memory and descriptors stay.
inline void soak(int rounds, int warmUp, std::int64_t mostGrowth) {
  Driver d;
  std::int64_t before = 0;
  int descriptors = 0;
  for (int round = 0; round < rounds; ++round) {
    d.window->openDemo(round % 2 ? QStringLiteral("glyphs") : QStringLiteral("digits"));
    ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().network && d.workspace().data; }, 60000)) << round;
    d.document().changeSettings({{0, parseSetting("int8")}});
    d.window->showStep(static_cast<Step>(round % kSteps));
    QTest::qWait(20);
    d.document().undoStack().undo();
    ASSERT_FALSE(d.document().modified()) << "the window would ask";
    d.command(QStringLiteral("file.close"));
    ASSERT_FALSE(d.workspace().network);
    if (round + 1 == warmUp) {
      QTest::qWait(700);  // the worker gives memory back
      before = residentBytes();
      descriptors = openDescriptors();
    }
  }
  QTest::qWait(700);
  const std::int64_t after = residentBytes();
  EXPECT_LT(after - before, mostGrowth) << "from " << (before >> 20) << " to " << (after >> 20) << " MiB";
  EXPECT_LE(openDescriptors(), descriptors + 2);
  EXPECT_TRUE(d.told.isEmpty()) << d.told.join(QLatin1Char('\n')).toStdString();
}

}  // namespace planish::desktop
