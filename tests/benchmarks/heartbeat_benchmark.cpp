// Whether the window ever keeps a person waiting: the real window on the offscreen platform does a whole run on mobilenetv2 (open, measure, solve,
// compress with live accuracy, save) while a person walks through layers, steps and bars. A timer of 5 ms in the GUI thread tells the gaps.
//   heartbeat_benchmark [--pictures 64] [--calibration 512] [--judge 1000] [--live 256] [--options int8,int6,int5,int4,int3,int2] [--gap 30]
#include "app/desktop/main_window.h"
#include "app/desktop/style.h"
#include "core/jobs/preflight.h"
#include "sweep_support.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTimer>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>

namespace {

using namespace planish;
using namespace planish::desktop;

double milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// Since the system started this process.
double sinceProcessStart() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string word;
  for (int i = 0; i < 20; ++i) fields >> word;  // field 22: ticks since boot
  return milliseconds(CLOCK_BOOTTIME) - std::atof(word.c_str()) * 1e3 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// An event that the GUI thread answered between two beats.
struct Act {
  double wall = 0, processor = 0;
  QString what;
};

/// All events of one kind to one receiver.
struct Share {
  long long count = 0;
  double processor = 0, most = 0;
};

class WatchedApplication : public QApplication {
 public:
  using QApplication::QApplication;
  std::vector<Act> acts;  ///< since the last beat, those that took the thread longer than 2 ms
  std::map<QString, Share> shares;
  double firstPaint = -1, firstPaintProcessor = 0;  ///< since the process started, and of its own time

  bool notify(QObject* receiver, QEvent* event) override {
    m_painted = m_painted || (event->type() == QEvent::Paint && receiver->isWidgetType());  // within the window's expose event, at first
    if (m_depth > 0) return QApplication::notify(receiver, event);
    const double wall = milliseconds(CLOCK_MONOTONIC), processor = milliseconds(CLOCK_THREAD_CPUTIME_ID);
    const QString what = QStringLiteral("%1 %2 event %3").arg(QLatin1String(receiver->metaObject()->className()), receiver->objectName()).arg(int(event->type()));
    ++m_depth;
    const bool result = QApplication::notify(receiver, event);
    --m_depth;
    const double took = milliseconds(CLOCK_MONOTONIC) - wall, own = milliseconds(CLOCK_THREAD_CPUTIME_ID) - processor;
    if (own > 2) acts.push_back({took, own, what});
    Share& share = shares[what];
    ++share.count;
    share.processor += own;
    share.most = std::max(share.most, own);
    if (m_painted && firstPaint < 0) {
      firstPaint = sinceProcessStart();
      firstPaintProcessor = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    }
    return result;
  }

 private:
  int m_depth = 0;
  bool m_painted = false;
};

struct Gap {
  double wall = 0, processor = 0;
  QString phase;
  std::vector<Act> acts;
};

/// Beats every 5 ms; what is between two beats beyond that is a gap.
class Heart : public QObject {
 public:
  Heart(WatchedApplication& application, double kept) : m_application(application), m_kept(kept) {
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &Heart::beat);
    m_timer.start(5);
    m_last = milliseconds(CLOCK_MONOTONIC);
    m_processor = milliseconds(CLOCK_THREAD_CPUTIME_ID);
  }
  void enter(const QString& phase) {
    m_phase = phase;
    std::printf("%-10s resident %4lld MiB\n", phase.toUtf8().constData(), static_cast<long long>(residentBytes() >> 20));
    std::fflush(stdout);
  }
  void report() const {
    std::vector<Gap> gaps = m_gaps;
    std::sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) { return a.processor > b.processor; });
    std::printf("%lld beats; worst gap %.1f ms (%.1f ms of the thread's own time); worst own time in a gap %.1f ms; gaps over 50 ms: %lld (own time %lld), over 20 ms: %lld (%lld)\n", m_beats, m_worst.wall,
                m_worst.processor, m_worstProcessor, m_over50, m_ownOver50, m_over20, m_ownOver20);
    for (std::size_t i = 0; i < std::min<std::size_t>(gaps.size(), 25); ++i) {
      std::printf("  %6.1f ms (own %5.1f)  %-9s", gaps[i].wall, gaps[i].processor, gaps[i].phase.toUtf8().constData());
      for (const auto& act : gaps[i].acts) std::printf(" | %.1f ms (own %.1f) %s", act.wall, act.processor, act.what.toUtf8().constData());
      std::printf("\n");
    }
    std::vector<std::pair<QString, Share>> shares(m_application.shares.begin(), m_application.shares.end());
    std::sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second.most > b.second.most; });
    for (std::size_t i = 0; i < std::min<std::size_t>(shares.size(), 12); ++i)
      std::printf("  %7lld times, most %5.1f ms, together %7.0f ms of own time: %s\n", shares[i].second.count, shares[i].second.most, shares[i].second.processor, shares[i].first.toUtf8().constData());
  }

 private:
  void beat() {
    const double now = milliseconds(CLOCK_MONOTONIC), processor = milliseconds(CLOCK_THREAD_CPUTIME_ID);
    const Gap gap{now - m_last, processor - m_processor, m_phase, m_application.acts};
    m_last = now;
    m_processor = processor;
    m_application.acts.clear();
    ++m_beats;
    m_over50 += gap.wall > 50;
    m_over20 += gap.wall > 20;
    m_ownOver50 += gap.processor > 50;
    m_ownOver20 += gap.processor > 20;
    if (gap.wall > m_worst.wall) m_worst = gap;
    m_worstProcessor = std::max(m_worstProcessor, gap.processor);
    if (std::max(gap.processor, gap.wall / 4) > m_kept) m_gaps.push_back(gap);
  }

  WatchedApplication& m_application;
  QTimer m_timer;
  double m_kept, m_last, m_processor, m_worstProcessor = 0;
  QString m_phase;
  std::vector<Gap> m_gaps;
  Gap m_worst;
  long long m_beats = 0, m_over50 = 0, m_over20 = 0, m_ownOver50 = 0, m_ownOver20 = 0;
};

/// A person who looks around while jobs run: another layer every 150 ms, another bar's setting, another step now and then.
class Person : public QObject {
 public:
  explicit Person(MainWindow& window) : m_window(window) {
    connect(&m_timer, &QTimer::timeout, this, &Person::act);
    m_timer.start(150);
  }

 private:
  void act() {
    const auto& w = m_window.document().workspace();
    if (!w.network || w.layerCount() == 0) return;
    ++m_count;
    const auto ask = [this](const views::Request& request) { Q_EMIT m_window.view(QStringLiteral("plan"))->requested(request); };
    ask(views::request::Select{{m_count % w.layerCount()}, m_count % w.layerCount()});
    // One act after another, as nobody does two at the same instant.
    const int layer = m_count % w.layerCount(), drag = 1000000 + m_count;
    if (m_count % 5 == 0 && !w.plan.layers.empty()) {
      QTimer::singleShot(30, this, [=] { ask(views::request::ChangeSettings{{{layer, parseSetting(drag % 2 ? "int8" : "int4")}}, drag}); });
      QTimer::singleShot(60, this, [=] { ask(views::request::EndDrag{drag, false}); });
    }
    if (m_count % 40 == 0) QTimer::singleShot(100, this, [this] { m_window.showStep(static_cast<Step>(m_count / 40 % kSteps)); });
  }
  MainWindow& m_window;
  QTimer m_timer;
  int m_count = 0;
};

void wait(const std::function<bool()>& condition) {
  QEventLoop loop;
  QTimer poll;
  QObject::connect(&poll, &QTimer::timeout, &loop, [&] {
    if (condition()) loop.quit();
  });
  poll.start(20);
  loop.exec();
}

QString argument(const QStringList& arguments, const char* name, const char* fallback) {
  const auto at = arguments.indexOf(QLatin1String(name));
  return at >= 0 && at + 1 < arguments.size() ? arguments[at + 1] : QLatin1String(fallback);
}

DataChoice pictures(const char* file, std::int64_t limit) {
  DataChoice choice;
  choice.request.path = benchmark::assets() / "cifar10" / file;
  choice.preprocessing = benchmark::cifarPreprocessing();
  choice.limit = limit;
  return choice;
}

}  // namespace

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  const QTemporaryDir home;
  qputenv("XDG_STATE_HOME", home.filePath(QStringLiteral("state")).toUtf8());
  qputenv("XDG_CONFIG_HOME", home.filePath(QStringLiteral("config")).toUtf8());
  WatchedApplication application(argc, argv);
  setAppearance(application, Appearance::dark);
  const QStringList arguments = QApplication::arguments();
  Engine engine = Engine::load();
  MainWindow window(engine);
  window.tell = [](const QString& title, const QString& text) { std::printf("told: %s: %s\n", title.toUtf8().constData(), text.toUtf8().constData()); };
  window.resize(1440, 900);
  window.show();
  wait([&] { return application.firstPaint >= 0; });
  std::printf("process start to first paint: %.0f ms (%.0f ms of processor), %lld MiB resident\n", application.firstPaint, application.firstPaintProcessor,
              static_cast<long long>(residentBytes() >> 20));

  Heart heart(application, argument(arguments, "--gap", "30").toDouble());
  const auto& w = window.document().workspace();
  const auto idle = [&] { return std::all_of(w.jobs.begin(), w.jobs.end(), [](const auto& job) { return job.over(); }); };
  QElapsedTimer clock;
  clock.start();
  const auto finished = [&](const char* what) {
    const auto& job = w.jobs.back();
    std::printf("%s: %.1f s, most resident so far %.0f MiB, %s %s\n", what, clock.restart() / 1e3, benchmark::peakMebibytes(), job.phase == views::JobPhase::done ? "done" : "NOT DONE",
                job.error.toUtf8().constData());
  };

  heart.enter(QStringLiteral("open"));
  window.jobs().open(QString::fromStdString(benchmark::assets() / "cifar10" / "mobilenetv2.onnx"), pictures("test.npz", argument(arguments, "--judge", "1000").toLongLong()),
                     pictures("calibration.npz", argument(arguments, "--calibration", "512").toLongLong()));
  wait([&] { return w.network && w.data; });
  Person person(window);
  heart.enter(QStringLiteral("measure"));
  window.runPage = [&](QDialog& page) {
    if (auto* options = page.findChild<QLineEdit*>(QStringLiteral("options"))) {
      options->setText(argument(arguments, "--options", "int8,int6,int5,int4,int3,int2"));
      page.findChild<QSpinBox*>()->setValue(argument(arguments, "--pictures", "64").toInt());
    } else if (auto* live = page.findChild<QSpinBox*>()) {
      live->setValue(argument(arguments, "--live", "256").toInt());
    }
    return true;
  };
  clock.restart();
  // Acts come as events, as a person's do: what they take is seen.
  const auto act = [&](const std::function<void()>& what) {
    bool done = false;
    QTimer::singleShot(0, &window, [&] {
      what();
      done = true;
    });
    wait([&] { return done; });
  };
  act([&] { window.openMeasurePage(); });
  wait(idle);
  finished("measured");
  heart.enter(QStringLiteral("rest"));
  wait([&, until = milliseconds(CLOCK_MONOTONIC) + 5000] { return milliseconds(CLOCK_MONOTONIC) > until; });
  heart.enter(QStringLiteral("solve"));
  for (const char* budget : {"18%", "15%"}) {
    act([&] { Q_EMIT window.view(QStringLiteral("plan"))->requested(views::request::SetBudget{parseBudget(budget), true, 0}); });
    wait([&] { return w.totals.bytes.count <= w.budgetBytes->count; });
  }
  heart.enter(QStringLiteral("compress"));
  clock.restart();
  act([&] { window.openCompressPage(); });
  wait(idle);
  finished("compressed");
  heart.enter(QStringLiteral("save"));
  const QString file = home.filePath(QStringLiteral("run.planish"));
  act([&] { window.files().save(file); });
  wait([&] { return w.file == file; });
  heart.enter(QStringLiteral("end"));
  wait([&, until = milliseconds(CLOCK_MONOTONIC) + 2000] { return milliseconds(CLOCK_MONOTONIC) > until; });
  heart.enter(QStringLiteral("idle"));
  heart.report();
  return 0;
}
