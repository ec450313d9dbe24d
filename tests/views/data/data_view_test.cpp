#include "views/data/data_view.h"

#include "core/jobs/open_job.h"
#include "plugins/builtin_plugins.h"
#include "tests/views/support/picture.h"
#include "views/base/theme.h"
#include "views/data/preprocessing_form.h"
#include "views/data/sample_panel.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QButtonGroup>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QScrollBar>
#include <QTableView>
#include <QTest>
#include <QToolButton>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

const PluginRegistries& registries() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

/// A demo of the repository as a workspace; answers as a plan might give them: every ninth changes, every thirtieth was wrong before.
Workspace demo(const std::string& folder, const std::string& network, const std::string& file, double scale, double mean, double deviation,
               const std::string& calibration) {
  const std::string root = std::string(PLANISH_SOURCE_DIR) + "/resources/demo/" + folder + "/";
  Workspace w;
  w.network = std::make_shared<OpenedNetwork>(openNetwork(root + network, {}, registries(), {}));
  Preprocessing how;
  how.scale = scale;
  how.mean = {mean};
  how.std = {deviation};
  w.data = openData(*w.network->network, {root + file, "test_x", "test_y"}, how, -1, 64, registries()).source;
  w.calibration = openData(*w.network->network, {root + file, calibration + "_x", calibration + "_y"}, how, -1, 64, registries()).source;
  return w;
}

Workspace glyphs() {
  return demo("glyphs", "glyphs_mobilenetv2.onnx", "glyphs.npz", 1.0 / 255, 0.5, 0.25, "calibration");
}
Workspace digits() {
  return demo("digits", "digits_resnet.onnx", "digits.npz", 1.0 / 16, 0.3, 0.37, "train");
}

std::shared_ptr<const Answers> answersFor(const BatchSource& data) {
  auto answers = std::make_shared<Answers>();
  answers->plan = "hand-tuned";
  for (std::int64_t i = 0; i < data.count(); ++i) {
    Answers::Sample sample;
    sample.label = static_cast<int>(data.dataset().labels()[static_cast<std::size_t>(i)]);
    sample.original = i % 30 == 0 ? (sample.label + 1) % 10 : sample.label;
    sample.compressed = i % 9 == 4 ? (sample.label + 3) % 10 : sample.original;
    sample.originalProbability = 0.97F;
    sample.compressedProbability = 0.61F;
    sample.kl = 0.02F;
    answers->samples.push_back(sample);
  }
  return answers;
}

struct Shown {
  Workspace w;
  DataView view{w};
  std::vector<Request> requests;
  explicit Shown(Workspace workspace, QSize size = {960, 560}) : w(std::move(workspace)) {
    QObject::connect(&view, &View::requested, [this](const Request& request) { requests.push_back(request); });
    view.resize(size);
    view.show();
    settle();
  }
  void settle() {
    for (int i = 0; i < 12; ++i)
      QTest::qWait(15);
  }
  SampleModel* model() { return view.findChild<SampleModel*>(); }
  QListView* grid() { return view.findChild<QListView*>(QStringLiteral("samples")); }
  QLineEdit* field(const QString& name) {
    for (auto* edit : view.findChildren<QLineEdit*>())
      if (edit->accessibleName() == name) return edit;
    return nullptr;
  }
  QAbstractButton* button(const QString& name) {
    for (auto* each : view.findChildren<QAbstractButton*>())
      if (each->accessibleName() == name) return each;
    return nullptr;
  }
  QString problem() {
    for (auto* label : view.findChild<PreprocessingForm*>()->findChildren<QLabel*>())
      if (label->wordWrap() && label->isVisibleTo(&view)) return label->text();
    return {};
  }
};

TEST(DataView, WithoutDataItSaysWhatToDoAndOffersIt) {
  Workspace w = digits();
  w.data.reset();
  Shown shown(std::move(w), {500, 300});
  keepPicture(shown.view, "data_empty");
  for (auto* each : shown.view.findChildren<QPushButton*>())
    if (each->isVisible() && each->text() == QStringLiteral("Choose data…") && each->parentWidget()->findChild<QLabel*>())
      QTest::mouseClick(each, Qt::LeftButton);
  ASSERT_EQ(shown.requests.size(), 1u);
  EXPECT_FALSE(std::get<request::ChooseData>(shown.requests[0]).calibration);
}

TEST(DataView, PicturesOfTheGlyphsAppear) {
  Shown shown(glyphs());
  ASSERT_EQ(shown.model()->rowCount(), 2000);
  const auto image = shown.model()->index(0, 0).data(SampleModel::pictureRole).value<QImage>();
  ASSERT_FALSE(image.isNull());
  EXPECT_EQ(image.size(), QSize(32, 32));
  const Tensor sample = shown.w.data->dataset().sample("test_x", 0);
  EXPECT_EQ(qRed(image.pixel(5, 7)), sample.data<std::uint8_t>()[(7 * 32 + 5) * 3]);
}

TEST(DataView, ChangedAnswersComeFirstAndFiltersCount) {
  Workspace w = digits();
  w.answers = answersFor(*w.data);
  Shown shown(std::move(w));
  QAbstractItemModelTester tester(shown.model(), QAbstractItemModelTester::FailureReportingMode::Fatal);
  const int changed = shown.model()->count(SampleModel::Filter::changed);
  EXPECT_EQ(changed, 67);
  for (int row = 0; row < shown.model()->rowCount(); ++row)
    EXPECT_EQ(shown.model()->index(row, 0).data(SampleModel::changedRole).toBool(), row < changed);
  auto* filter = shown.button(QStringLiteral("Show: Changed"));
  ASSERT_TRUE(filter);
  EXPECT_TRUE(qobject_cast<QToolButton*>(filter)->text().contains(QLatin1String("67")));
  QTest::mouseClick(filter, Qt::LeftButton);
  EXPECT_EQ(shown.model()->rowCount(), 67);
  shown.w.answers.reset();
  shown.view.note(Change::answers);
  EXPECT_EQ(shown.model()->rowCount(), 600) << "nothing to filter by";
}

TEST(DataView, CalibrationHasItsOwnSamplesAndNoAnswers) {
  Workspace w = digits();
  w.answers = answersFor(*w.data);
  Shown shown(std::move(w));
  auto* which = shown.view.findChild<QComboBox*>(QStringLiteral("which"));
  which->setFocus();
  QTest::keyClick(which, Qt::Key_Down);
  EXPECT_EQ(shown.model()->rowCount(), 1197);
  EXPECT_FALSE(shown.model()->index(4, 0).data(SampleModel::changedRole).toBool());
}

TEST(DataView, TheCurrentSampleIsShownAsTheNetworkGetsIt) {
  Shown shown(digits());
  QTest::mouseClick(shown.grid()->viewport(), Qt::LeftButton, {}, shown.grid()->visualRect(shown.model()->index(3, 0)).center());
  shown.settle();
  EXPECT_EQ(shown.view.findChild<SamplePanel*>()->sample(), 3);
  bool found = false;
  for (auto* label : shown.view.findChild<SamplePanel*>()->findChildren<QLabel*>())
    found = found || label->text().contains(QLatin1String("float32"));
  EXPECT_TRUE(found);
}

TEST(DataView, ButtonsAsk) {
  Shown shown(digits());
  QTest::mouseClick(shown.button(QStringLiteral("Ask both networks")), Qt::LeftButton);
  QTest::mouseClick(shown.button(QStringLiteral("Choose calibration…")), Qt::LeftButton);
  ASSERT_EQ(shown.requests.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<request::CompareAnswers>(shown.requests[0]));
  EXPECT_TRUE(std::get<request::ChooseData>(shown.requests[1]).calibration);
}

TEST(DataView, PreprocessingIsChangedByTheForm) {
  Shown shown(digits());
  auto* scale = shown.field(QStringLiteral("scale"));
  ASSERT_TRUE(scale);
  scale->setFocus();
  scale->selectAll();
  QTest::keyClicks(scale, QStringLiteral("1/8"));
  QTest::keyClick(scale, Qt::Key_Return);
  ASSERT_EQ(shown.requests.size(), 1u);
  const auto how = std::get<request::ChangePreprocessing>(shown.requests[0]).preprocessing;
  EXPECT_EQ(how.scale, 0.125);
  EXPECT_EQ(how.mean, std::vector<double>{0.3});
}

TEST(DataView, WrongPreprocessingIsSaidBesideTheForm) {
  Shown shown(digits());
  auto* mean = shown.field(QStringLiteral("mean"));
  mean->selectAll();
  QTest::keyClicks(mean, QStringLiteral("abc"));
  EXPECT_TRUE(shown.problem().contains(QLatin1String("abc"))) << shown.problem().toStdString();
  mean->selectAll();
  QTest::keyClicks(mean, QStringLiteral("0.1 0.2 0.3"));
  QTest::keyClick(mean, Qt::Key_Return);
  EXPECT_TRUE(shown.problem().contains(QLatin1String("mean"))) << "three means of one channel: " << shown.problem().toStdString();
  auto* crop = shown.field(QStringLiteral("crop"));
  mean->selectAll();
  QTest::keyClicks(mean, QStringLiteral("0.3"));
  QTest::keyClicks(crop, QStringLiteral("64 64"));
  QTest::keyClick(crop, Qt::Key_Return);
  EXPECT_FALSE(shown.problem().isEmpty());
  EXPECT_TRUE(shown.requests.empty());
  keepPicture(shown.view, "data_problem");
}

TEST(PreprocessingForm, ReadsNumbersAsPeopleWriteThem) {
  EXPECT_EQ(numbersOf(QStringLiteral("0.5 0.25")), (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(numbersOf(QStringLiteral("0.5,0.25, 1")), (std::vector<double>{0.5, 0.25, 1}));
  EXPECT_EQ(numbersOf(QStringLiteral("0,5; 0,25")), (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(numbersOf(QStringLiteral("1/255")), std::vector<double>{1.0 / 255});
  EXPECT_EQ(numbersOf(QString()), std::vector<double>());
  EXPECT_FALSE(numbersOf(QStringLiteral("1/0")));
  EXPECT_FALSE(numbersOf(QStringLiteral("nan")));
  EXPECT_FALSE(numbersOf(QStringLiteral("1 x")));
}

TEST(SamplePicture, FormsAndValues) {
  EXPECT_TRUE(pictureForm(Shape{32, 32, 3}, Dataset::Order::unknown, {})->channelsLast);
  EXPECT_FALSE(pictureForm(Shape{3, 32, 32}, Dataset::Order::unknown, {})->channelsLast);
  EXPECT_EQ(pictureForm(Shape{8, 9}, Dataset::Order::unknown, {})->width, 9);
  EXPECT_FALSE(pictureForm(Shape{40}, Dataset::Order::unknown, {}));
  EXPECT_FALSE(pictureForm(Shape{7, 32, 32}, Dataset::Order::unknown, {}));
  std::vector<float> values(16);
  for (std::size_t i = 0; i < 16; ++i)
    values[i] = static_cast<float>(i) - 8;
  const Tensor sample = Tensor::of<float>(Shape{1, 4, 4}, values);
  const QImage image = pictureOf(sample, *pictureForm(sample.shape(), Dataset::Order::unknown, {}), 96);
  EXPECT_EQ(qRed(image.pixel(0, 0)), 0);
  EXPECT_EQ(qRed(image.pixel(3, 3)), 255);
}

/// Rows of numbers, without labels.
class Numbers : public Dataset {
 public:
  explicit Numbers(std::int64_t count, Shape shape) : m_count(count), m_shape(std::move(shape)) {}
  std::int64_t count() const override { return m_count; }
  std::vector<std::string> arrays() const override { return {"x"}; }
  Tensor sample(std::string_view, std::int64_t index) const override {
    std::vector<float> values(static_cast<std::size_t>(m_shape.count()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(index) + static_cast<float>(i) / 100;
    return Tensor::of<float>(m_shape, values);
  }
  const std::vector<std::int64_t>& labels() const override { return m_labels; }
  std::string fingerprint() const override { return "numbers"; }
  std::string source() const override { return "numbers"; }

 private:
  std::int64_t m_count;
  Shape m_shape;
  std::vector<std::int64_t> m_labels;
};

Workspace numbersWorkspace(std::int64_t count, Shape shape) {
  Workspace w;
  auto opened = std::make_shared<OpenedNetwork>();
  auto network = std::make_shared<Network>();
  Value input;
  input.name = "x";
  input.type = DataType::float32;
  network->inputs = {network->addValue(input)};
  opened->network = network;
  w.network = opened;
  w.data = std::make_shared<BatchSource>(*network, std::make_shared<Numbers>(count, std::move(shape)), Preprocessing());
  return w;
}

TEST(DataView, DataWithoutPicturesIsATable) {
  Shown shown(numbersWorkspace(50, Shape{12}));
  auto* table = shown.view.findChild<QTableView*>();
  ASSERT_TRUE(table->isVisible());
  EXPECT_EQ(table->model()->index(3, SampleModel::firstNumber + 2).data().toString(), QLatin1String("3.02"));
  keepPicture(shown.view, "data_table");
}

TEST(DataView, TenThousandSamplesScroll) {
  Shown shown(numbersWorkspace(10000, Shape{16, 16}));
  auto* bar = shown.grid()->verticalScrollBar();
  ASSERT_GT(bar->maximum(), 10000);
  QElapsedTimer timer;
  timer.start();
  constexpr int kSteps = 30;
  for (int i = 0; i < kSteps; ++i) {
    bar->setValue(bar->maximum() * i / kSteps);
    shown.grid()->viewport()->repaint();
  }
  const double each = static_cast<double>(timer.nsecsElapsed()) / 1e6 / kSteps;
  RecordProperty("milliseconds", std::to_string(each));
  EXPECT_LT(each, 100) << "a loaded machine gets room";
}

TEST(DataView, U16_FocusableWidgetsHaveNames) {
  Shown shown(digits());
  for (const auto* widget : shown.view.findChildren<QWidget*>())
    if (widget->focusPolicy() != Qt::NoFocus && !widget->focusProxy() && widget->isVisible() &&
        widget->objectName() != QLatin1String("qt_scrollarea_viewport") && !widget->inherits("QHeaderView") && !widget->inherits("QScrollBar")) {
      EXPECT_FALSE(widget->accessibleName().isEmpty())
          << widget->metaObject()->className() << " in " << widget->parentWidget()->metaObject()->className();
    }
}

TEST(DataView, Pictures) {
  Workspace w = glyphs();
  w.answers = answersFor(*w.data);
  Shown shown(std::move(w));
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    for (const QSize size : {QSize(960, 560), QSize(300, 200), QSize(640, 400)}) {
      shown.view.resize(size);
      shown.settle();
      keepPicture(shown.view,
                  QStringLiteral("data_%1x%2_%3").arg(size.width()).arg(size.height()).arg(dark ? QLatin1String("dark") : QLatin1String("light")));
    }
  }
  qApp->setPalette(Theme::light().palette());
}

}  // namespace
}  // namespace planish::views
