#include "app/desktop/layouts.h"

#include "app/desktop/places.h"

#include <QTimer>

#include <tuple>

namespace planish::desktop {
namespace {

/// Raised when docks come or go.
constexpr int kLayoutVersion = 1;

}  // namespace

QSettings& state() {
  static QSettings settings(stateFolder().isEmpty() ? QString() : stateFolder() + QStringLiteral("/state.ini"), QSettings::IniFormat);
  return settings;
}

Layouts::Layouts(QMainWindow& host, std::map<QString, ViewDock*> docks) : m_host(host), m_docks(std::move(docks)) {}

QString Layouts::key(Step step) const { return QStringLiteral("layout/step%1").arg(static_cast<int>(step) + 1); }

void Layouts::show(Step step) {
  if (m_shown && step == m_current) return;
  remember();
  m_current = step;
  m_shown = true;
  // One paint at the end instead of one for each stage of the new arrangement.
  m_host.setUpdatesEnabled(false);
  QTimer::singleShot(0, &m_host, [this] { QTimer::singleShot(0, &m_host, [this] { m_host.setUpdatesEnabled(true); }); });
  const QByteArray saved = state().value(key(step)).toByteArray();
  // A state says nothing of docks that were not there when it was saved: they must go first.
  for (const auto& [id, each] : m_docks) m_host.removeDockWidget(each);
  if (saved.isEmpty() || !m_host.restoreState(saved, kLayoutVersion)) arrange(step);
}

void Layouts::remember() {
  if (m_shown) state().setValue(key(m_current), m_host.saveState(kLayoutVersion));
}

void Layouts::reset() {
  for (int i = 0; i < kSteps; ++i) state().remove(key(static_cast<Step>(i)));
  arrange(m_current);
}

void Layouts::arrange(Step step) {
  const auto dock = [&](const char* id) -> ViewDock* {
    const auto found = m_docks.find(QString::fromLatin1(id));
    return found == m_docks.end() ? nullptr : found->second;
  };
  for (const auto& [id, each] : m_docks) {
    each->setFloating(false);
    m_host.removeDockWidget(each);
  }
  std::vector<ViewDock*> fronts;
  const auto put = [&](Qt::DockWidgetArea area, const char* id) {
    m_host.addDockWidget(area, dock(id));
    dock(id)->show();
  };
  const auto split = [&](const char* beside, const char* id, Qt::Orientation orientation) {
    m_host.splitDockWidget(dock(beside), dock(id), orientation);
    dock(id)->show();
  };
  const auto tab = [&](const char* with, const char* id) {
    m_host.tabifyDockWidget(dock(with), dock(id));
    dock(id)->show();
    fronts.push_back(dock(with));
  };
  m_host.setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
  m_host.setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
  put(Qt::TopDockWidgetArea, "network");
  QList<QDockWidget*> wide;
  QList<int> widths;
  std::vector<std::tuple<QList<QDockWidget*>, QList<int>, Qt::Orientation>> sizes;
  switch (step) {
    case Step::open:
      split("network", "graph", Qt::Horizontal);
      split("graph", "data", Qt::Horizontal);
      put(Qt::BottomDockWidgetArea, "log");
      tab("log", "history");
      wide = {dock("network"), dock("graph"), dock("data")};
      widths = {360, 480, 560};
      sizes.emplace_back(QList<QDockWidget*>{dock("network"), dock("log")}, QList<int>{640, 120}, Qt::Vertical);
      break;
    case Step::measure:
      split("network", "sensitivity", Qt::Horizontal);
      split("sensitivity", "layer", Qt::Horizontal);
      put(Qt::BottomDockWidgetArea, "job");
      tab("job", "log");
      wide = {dock("network"), dock("sensitivity"), dock("layer")};
      widths = {300, 640, 460};
      sizes.emplace_back(QList<QDockWidget*>{dock("network"), dock("job")}, QList<int>{560, 260}, Qt::Vertical);
      break;
    case Step::plan:
      split("network", "plan", Qt::Horizontal);
      split("plan", "sensitivity", Qt::Horizontal);
      split("network", "history", Qt::Vertical);
      split("plan", "layer", Qt::Vertical);
      split("sensitivity", "tradeoff", Qt::Vertical);
      tab("layer", "job");
      tab("layer", "data");
      tab("sensitivity", "graph");
      tab("tradeoff", "compare");
      wide = {dock("network"), dock("plan"), dock("sensitivity")};
      widths = {312, 780, 330};
      sizes.emplace_back(QList<QDockWidget*>{dock("network"), dock("history")}, QList<int>{640, 120}, Qt::Vertical);
      sizes.emplace_back(QList<QDockWidget*>{dock("plan"), dock("layer")}, QList<int>{470, 270}, Qt::Vertical);
      sizes.emplace_back(QList<QDockWidget*>{dock("sensitivity"), dock("tradeoff")}, QList<int>{440, 300}, Qt::Vertical);
      break;
    case Step::compress:
      split("network", "plan", Qt::Horizontal);
      split("plan", "tradeoff", Qt::Horizontal);
      tab("tradeoff", "compare");
      tab("tradeoff", "layer");
      put(Qt::BottomDockWidgetArea, "job");
      tab("job", "log");
      wide = {dock("network"), dock("plan"), dock("tradeoff")};
      widths = {312, 780, 330};
      sizes.emplace_back(QList<QDockWidget*>{dock("plan"), dock("job")}, QList<int>{350, 400}, Qt::Vertical);
      break;
    case Step::exportFile:
      split("network", "compare", Qt::Horizontal);
      split("compare", "report", Qt::Horizontal);
      tab("compare", "data");
      put(Qt::BottomDockWidgetArea, "job");
      tab("job", "log");
      wide = {dock("network"), dock("compare"), dock("report")};
      widths = {290, 560, 550};
      sizes.emplace_back(QList<QDockWidget*>{dock("network"), dock("job")}, QList<int>{600, 220}, Qt::Vertical);
      break;
  }
  sizes.emplace_back(wide, widths, Qt::Horizontal);
  for (auto* front : fronts) front->raise();
  // Sizes hold only once the docks are laid out.
  QTimer::singleShot(0, &m_host, [this, sizes, step] {
    for (int round = 0; round < 2 && step == m_current; ++round)
      for (const auto& [docks, wanted, orientation] : sizes) m_host.resizeDocks(docks, wanted, orientation);
  });
}

}  // namespace planish::desktop
