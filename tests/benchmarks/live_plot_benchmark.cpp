// Milliseconds (of the thread's own time) of one redraw of a live plot: 1440 x 400, points already there, one more arrives for each frame.
#include "views/charts/chart_view.h"
#include "views/charts/live_series.h"

#include <QApplication>
#include <QImage>
#include <QLineSeries>
#include <QPainter>
#include <QValueAxis>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <ctime>
#include <vector>

using namespace planish::views;

namespace {

/// Of this thread's work: a busy machine does not count.
double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication application(argc, argv);
  std::printf("points, milliseconds a frame (median, most of 60)\n");
  for (const int count : {300, 1000, 100000, 1000000}) {
    ChartView view;
    auto* line = new QLineSeries;
    auto *x = new QValueAxis, *y = new QValueAxis;
    view.chart()->addSeries(line);
    view.chart()->addAxis(x, Qt::AlignBottom);
    view.chart()->addAxis(y, Qt::AlignLeft);
    line->attachAxis(x);
    line->attachAxis(y);
    x->setRange(0, count);
    y->setRange(-4, 4);
    auto* live = new LiveSeries(view.chart());
    live->setColors(Qt::blue, QColor(0, 0, 255, 40), Qt::red);
    view.resize(1440, 400);
    view.show();
    std::mt19937 random(1);
    std::normal_distribution<double> noise(0, 1);
    LiveBuffer buffer;
    for (int i = 0; i < count; ++i) buffer.append(i, noise(random), 0.2);
    live->replace(buffer);
    QCoreApplication::processEvents();
    QImage image(1440, 400, QImage::Format_ARGB32_Premultiplied);
    std::vector<double> times;
    for (int frame = 0; frame < 60; ++frame) {
      const double start = milliseconds();
      live->append(count + frame, noise(random), 0.2);
      QPainter painter(&image);
      view.render(&painter);
      painter.end();
      times.push_back(milliseconds() - start);
    }
    std::sort(times.begin(), times.end());
    std::printf("%d, %.2f, %.2f\n", count, times[times.size() / 2], times.back());
  }
}
