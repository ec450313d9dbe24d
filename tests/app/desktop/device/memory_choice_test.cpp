#include "tests/app/desktop/support/driver.h"
#include "tests/support/simulated_device/loaded_device.h"

#include "core/compute/device_library.h"

#include <QLabel>

#include <gtest/gtest.h>

namespace planish::desktop {
namespace {

/// Where a device has no memory even for the smallest pieces, the job asks in the Job view and waits.
class MemoryOfTheDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(kChosen);
    ASSERT_NE(deviceLibrary().engines, nullptr) << deviceLibrary().problem;
    faults().memory = -1;
    ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
    d.engine->context.device = {DeviceKind::cuda, 0};
  }
  void TearDown() override { faults().memory = -1; }

  /// Starts a measurement without memory, up to its question.
  void measureUntilAsked() {
    faults().memory = deviceLibrary().engines->memoryUse(0).used;
    d.whenDialogOpens([](QWidget* page) {
      Driver::type(page->findChild<QLineEdit*>(QStringLiteral("options")), QStringLiteral("int8,int4"));
      page->findChild<QSpinBox*>()->setValue(32);
      Driver::press(page, QStringLiteral("start"));
    });
    d.command(QStringLiteral("job.measure"));
    ASSERT_TRUE(Driver::waitFor([&] { return !d.workspace().jobs.empty() && d.workspace().jobs.back().phase == views::JobPhase::asking; }, 120000));
  }
  QAbstractButton* button(const QString& text) {
    for (auto* button : d.window->view(QStringLiteral("job"))->findChildren<QAbstractButton*>())
      if (button->text() == text && button->isVisible()) return button;
    return nullptr;
  }
  /// Clicks the button once it is there.
  void press(const QString& text) {
    ASSERT_TRUE(Driver::waitFor([&] { return button(text) != nullptr; }, 5000)) << text.toStdString();
    QTest::mouseClick(button(text), Qt::LeftButton);
  }
  const views::JobState& job() { return d.workspace().jobs.back(); }
  std::size_t rows() { return d.workspace().table() ? d.workspace().table()->rows.size() : 0; }

  Driver d;
};

TEST_F(MemoryOfTheDevice, D05_TheQuestionIsShownWithItsAnswers) {
  measureUntilAsked();
  QTest::qWait(300);
  const auto labels = d.window->view(QStringLiteral("job"))->findChildren<QLabel*>();
  EXPECT_TRUE(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) { return label->isVisible() && label->text().contains(QStringLiteral("memory")); }));
  EXPECT_TRUE(button(QStringLiteral("Try again")));
  EXPECT_TRUE(button(QStringLiteral("Go on on the processor")));
  EXPECT_FALSE(button(QStringLiteral("Pause"))) << "nothing runs that could be paused";
  if (qEnvironmentVariableIsSet("PLANISH_PICTURES")) d.window->grab().save(qEnvironmentVariable("PLANISH_PICTURES") + QStringLiteral("/memory_question.png"));
  press(QStringLiteral("Stop"));
  ASSERT_TRUE(d.waitForJobs(60000));
  EXPECT_EQ(job().phase, views::JobPhase::stopped);
}

TEST_F(MemoryOfTheDevice, D05_TheProcessorGoesOn) {
  measureUntilAsked();
  press(QStringLiteral("Go on on the processor"));
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(job().phase, views::JobPhase::done);
  EXPECT_EQ(rows(), static_cast<std::size_t>(d.workspace().layerCount()) * 2);
  EXPECT_TRUE(job().device.contains(QStringLiteral("processor"))) << job().device.toStdString();
}

TEST_F(MemoryOfTheDevice, D05_TryingAgainGoesOnWhereMemoryWasGivenBack) {
  measureUntilAsked();
  press(QStringLiteral("Try again"));
  ASSERT_TRUE(Driver::waitFor([&] { return job().phase == views::JobPhase::asking; })) << "nothing was given back, so it asks again";
  faults().memory = -1;
  press(QStringLiteral("Try again"));
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(job().phase, views::JobPhase::done);
  EXPECT_EQ(rows(), static_cast<std::size_t>(d.workspace().layerCount()) * 2);
}

TEST_F(MemoryOfTheDevice, D05_CompressingAsksToo) {
  d.document().changeSettings({{0, parseSetting("int8")}, {1, parseSetting("int4")}});
  faults().memory = deviceLibrary().engines->memoryUse(0).used;
  d.startCompress();
  ASSERT_TRUE(Driver::waitFor([&] { return !d.workspace().jobs.empty() && job().phase == views::JobPhase::asking; }, 120000));
  press(QStringLiteral("Go on on the processor"));
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(job().phase, views::JobPhase::done);
  EXPECT_TRUE(d.workspace().project.result(d.workspace().plan.name));
}

}  // namespace
}  // namespace planish::desktop
