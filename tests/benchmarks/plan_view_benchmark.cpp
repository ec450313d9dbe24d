// Times of the Plan view with a thousand layers, on the offscreen platform: what a person would wait for at each act.
#include "views/base/theme.h"
#include "views/plan/plan_chart.h"
#include "views/plan/plan_view.h"

#include "tests/views/support/sample_workspace.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QMouseEvent>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

namespace {

using namespace planish;
using namespace planish::views;

/// Milliseconds on the wall, and of processor time (all threads): the latter says more on a machine that is busy with other work.
struct Times {
  double wall, processor;
};

class Clock {
 public:
  Clock() { m_timer.start(); }
  Times passed() const { return {static_cast<double>(m_timer.nsecsElapsed()) / 1e6, processorNow() - m_processor}; }

 private:
  static double processorNow() {
    timespec now = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
  }
  QElapsedTimer m_timer;
  double m_processor = processorNow();
};

void report(const char* what, const std::vector<Times>& times) {
  const auto sorted = [&](double Times::* part) {
    std::vector<double> list;
    for (const Times& time : times) list.push_back(time.*part);
    std::sort(list.begin(), list.end());
    return list;
  };
  const auto wall = sorted(&Times::wall), processor = sorted(&Times::processor);
  std::printf("| %s | %.1f | %.1f | %.1f | %.1f | %zu |\n", what, wall[wall.size() / 2], wall.back(), processor[processor.size() / 2], processor.back(), times.size());
}

/// One act with everything it causes: requests, refresh, painting.
Times timed(QWidget& view, const std::function<void()>& act) {
  const Clock clock;
  act();
  view.grab();  // paints all of it, the most that a window can ask for
  return clock.passed();
}

void mouse(QWidget* target, QEvent::Type type, const QPointF& at, Qt::MouseButton button, Qt::MouseButtons buttons) {
  QMouseEvent event(type, at, QPointF(target->mapToGlobal(at.toPoint())), button, buttons, Qt::NoModifier);
  QApplication::sendEvent(target, &event);
}

}  // namespace

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication application(argc, argv);
  application.setStyle(QStringLiteral("fusion"));
  application.setPalette(Theme::darkTheme().palette());
  const int count = argc > 1 ? std::max(10, std::atoi(argv[1])) : 1000;
  Workspace workspace = sampleWorkspace(count);
  std::printf("%d layers, 1200 x 500 pixels\n| act | median ms | worst | median ms of processor | worst | times |\n|---|---|---|---|---|---|\n", count);

  std::vector<Times> first;
  for (int i = 0; i < 10; ++i) {
    const Clock clock;
    PlanView view(workspace);
    view.resize(1200, 500);
    view.show();
    view.grab();
    first.push_back(clock.passed());
  }
  report("first paint, from nothing", first);

  PlanView view(workspace);
  QObject::connect(&view, &View::requested, &view, [&](const Request& request) {
    if (const auto* change = std::get_if<request::ChangeSettings>(&request)) {
      for (const auto& [layer, setting] : change->settings) workspace.plan.layers[static_cast<std::size_t>(layer)].setting = setting;
      workspace.totals = totalsWith(workspace);
      view.note(Change::plan);
    } else if (const auto* select = std::get_if<request::Select>(&request)) {
      workspace.selection = select->layers;
      workspace.current = select->current;
      view.note(Change::selection);
    }
  });
  view.resize(1200, 500);
  view.show();
  view.grab();
  QWidget* viewport = view.chart()->view()->viewport();
  const auto drag = [&](const char* what) {
    const PlanGeometry at = view.chart()->geometry();
    const QPointF from(at.centre(count / 2), at.y(0.5));
    std::vector<Times> steps;
    mouse(viewport, QEvent::MouseButtonPress, from, Qt::LeftButton, Qt::LeftButton);
    for (int i = 0; i < 60; ++i) steps.push_back(timed(view, [&] { mouse(viewport, QEvent::MouseMove, QPointF(from.x(), at.y(1.0 + i % 8)), Qt::NoButton, Qt::LeftButton); }));
    mouse(viewport, QEvent::MouseButtonRelease, from, Qt::LeftButton, Qt::NoButton);
    report(what, steps);
  };
  drag("drag step, one bar");
  std::vector<int> half;
  for (int i = 0; i < count; i += 2) half.push_back(i);
  workspace.selection = half;
  view.note(Change::selection);
  drag("drag step, half of the bars selected");

  std::vector<Times> selections, scrolls;
  for (int i = 0; i < 60; ++i)
    selections.push_back(timed(view, [&] { view.chart()->moveCurrent(i * 7 % count, i % 3 == 0); }));
  report("selection", selections);
  view.chart()->view()->zoomTo(10, 10 + count / 5.0);
  for (int i = 0; i < 60; ++i) scrolls.push_back(timed(view, [&] { view.chart()->view()->zoomTo(10 + i * 3, 10 + i * 3 + count / 5.0); }));
  report("scroll, a fifth in sight", scrolls);
  return 0;
}
