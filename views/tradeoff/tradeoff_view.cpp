#include "views/tradeoff/tradeoff_view.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/tradeoff/tradeoff_chart.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {

TradeOffView::TradeOffView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("tradeoff"), tr("Trade-off"), parent), m_chart(new TradeOffChart), m_size(new QComboBox), m_loss(new QComboBox),
      m_measure(new QPushButton) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k4);
  auto* row = new QHBoxLayout;
  row->setSpacing(space::k4);
  for (auto* combo : {m_loss, m_size}) {
    combo->setFont(labelFont());
    combo->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    combo->setMinimumWidth(60);
    combo->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    row->addWidget(combo);
  }
  m_loss->setAccessibleName(tr("Loss on the vertical axis"));
  m_loss->setToolTip(tr("Loss on the vertical axis: as predicted, or a measured change against the original"));
  m_size->setAccessibleName(tr("Size on the horizontal axis"));
  m_size->setToolTip(tr("Size on the horizontal axis"));
  m_size->addItems({tr("bits/weight"), tr("bytes")});
  m_measure->setFont(labelFont());
  m_measure->setAccessibleName(tr("Measure pinned plans"));
  row->addStretch(1);
  row->addWidget(m_measure);
  layout->addWidget(m_chart, 1);
  layout->addLayout(row);
  connect(m_size, &QComboBox::activated, this, [this] { showPlans(); });
  connect(m_loss, &QComboBox::activated, this, [this] { showPlans(); });
  connect(m_measure, &QPushButton::clicked, this, &TradeOffView::measurePinned);
  connect(m_chart, &TradeOffChart::opened, this, &TradeOffView::open);
  connect(m_chart, &TradeOffChart::pinToggled, this, &TradeOffView::togglePin);
}

void TradeOffView::refresh(Changes changes) {
  static const auto kOwn = Changes(Change::network) | Change::front | Change::plan | Change::plans | Change::budget | Change::metric |
                           Change::results | Change::tables | Change::menus | Change::jobs;
  if (!(changes & kOwn)) return;
  if (!(changes & (kOwn & ~Changes(Change::jobs)))) return writeButton();  // progress only
  if (changes & Change::network) m_pinned.clear();
  m_points = planPoints(workspace());
  for (const auto& point : m_points)
    if (!point.measured.empty()) m_pinned.erase(point.key);
  std::erase_if(m_pinned, [this](const std::string& key) {
    return std::none_of(m_points.begin(), m_points.end(), [&](const PlanPoint& point) { return point.key == key; });
  });
  fillScores();
  showPlans();
}

void TradeOffView::fillScores() {
  const QString chosen = m_loss->currentData().toString();
  m_loss->clear();
  m_loss->addItem(tr("damage (%1)").arg(scoreName(workspace().metric)), QString());
  for (const auto& score : measuredScores(m_points))
    m_loss->addItem(tr("measured %1").arg(scoreName(score)), QString::fromStdString(score));
  m_loss->setCurrentIndex(std::max(0, m_loss->findData(chosen)));
}

void TradeOffView::showPlans() {
  const Workspace& w = workspace();
  TradeOffChart::Content content;
  content.points = m_points;
  content.bytes = m_size->currentIndex() == 1;
  content.loss = m_loss->currentData().toString().toStdString();
  content.metric = w.metric;
  if (w.table()) content.unit = w.table()->unit;
  content.pinned = m_pinned;
  if (w.budgetBytes) {
    const auto bytes = static_cast<double>(w.budgetBytes->count);
    content.limit = content.bytes              ? bytes
                    : w.totals.bytes.count > 0 ? bytes * w.totals.bitsPerWeight / static_cast<double>(w.totals.bytes.count)
                                               : -1;
  }
  m_chart->show(std::move(content));
  const bool front = std::any_of(m_points.begin(), m_points.end(), [](const PlanPoint& point) { return point.kind != PlanPoint::Kind::working; });
  m_chart->setEmptyText(!w.network   ? tr("Open a network to weigh its plans")
                        : !w.table() ? tr("Measure sensitivities to see what each size costs")
                        : !front     ? tr("The front is being computed…")
                                     : QString());
  writeButton();
  setHint(front ? tr("click a plan to open it · Shift+click pins · ● measured ○ predicted") : QString());
}

void TradeOffView::writeButton() {
  const JobState* running = workspace().runningJob();
  const bool wide = width() >= 400;
  const bool measuring = running && running->kind == JobKind::measurePlans;
  const auto pinned = static_cast<int>(m_pinned.size());
  m_measure->setText(measuring             ? tr("Measuring… %1 %").arg(static_cast<int>(running->fraction * 100))
                     : !wide && pinned > 0 ? tr("Measure (%1)").arg(pinned)
                     : !wide               ? tr("Measure")
                     : pinned > 0          ? tr("Measure pinned (%1)").arg(pinned)
                                           : tr("Measure pinned"));
  m_measure->setEnabled(pinned > 0 && !measuring);
  m_measure->setToolTip(pinned > 0 ? tr("Compress by the pinned plans and judge them on the data")
                                   : tr("Pin plans first: Shift+click a point, or P on it"));
}

void TradeOffView::resizeEvent(QResizeEvent* event) {
  View::resizeEvent(event);
  writeButton();
}

void TradeOffView::open(int point) {
  const PlanPoint& plan = m_points.at(static_cast<std::size_t>(point));
  if (plan.kind == PlanPoint::Kind::working) return;
  if (plan.kind == PlanPoint::Kind::stored)
    Q_EMIT requested(request::OpenPlan{plan.name});
  else
    Q_EMIT requested(request::TakeFrontPlan{plan.front});
}

void TradeOffView::togglePin(int point) {
  const std::string key = m_points.at(static_cast<std::size_t>(point)).key;
  if (!m_pinned.erase(key)) m_pinned.insert(key);
  showPlans();
}

void TradeOffView::measurePinned() {
  request::MeasurePlans wish;
  for (const auto& point : m_points) {
    if (!m_pinned.contains(point.key)) continue;
    if (point.front >= 0)
      wish.points.push_back(point.front);
    else
      wish.plans.push_back(point.name);
  }
  if (!wish.points.empty() || !wish.plans.empty()) Q_EMIT requested(wish);
}

}  // namespace planish::views
