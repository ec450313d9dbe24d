#include "views/base/theme.h"

#include <QApplication>
#include <QStandardPaths>

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", qEnvironmentVariableIsSet("PLANISH_TEST_PLATFORM") ? qgetenv("PLANISH_TEST_PLATFORM") : QByteArray("offscreen"));
  QStandardPaths::setTestModeEnabled(true);
  ::testing::InitGoogleTest(&argc, argv);
  QApplication application(argc, argv);
  application.setStyle(QStringLiteral("fusion"));
  application.setPalette(planish::views::Theme::light().palette());
  return RUN_ALL_TESTS();
}
