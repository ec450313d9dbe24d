#include "app/desktop/estimated_page.h"

#include "views/base/numbers.h"

namespace planish::desktop {
namespace {

constexpr int kPauseMilliseconds = 250;  // typing goes on
constexpr int kMostWarnings = 8;

}  // namespace

EstimatedPage::EstimatedPage(const Document& document, JobRunner& jobs, const QString& title, const QString& about, const QString& startText, QWidget* parent)
    : JobPage(title, about, startText, parent), m_document(document), m_jobs(jobs), m_room(Room::now(jobs.workPath().parent_path().string())) {
  m_pause.setSingleShot(true);
  m_pause.setInterval(kPauseMilliseconds);
  connect(&m_pause, &QTimer::timeout, this, [this] { request(); });
}

EstimatedPage::~EstimatedPage() { m_jobs.cancelEstimate(); }

views::JobCost EstimatedPage::expected() const { return m_estimate ? costOf(*m_estimate) : views::JobCost(); }

void EstimatedPage::estimateAgain() {
  m_jobs.cancelEstimate();
  m_estimate.reset();
  m_problem.clear();
  m_pause.start();
  refresh();
}

std::function<void(const Preflight&)> EstimatedPage::took() {
  return [this](const Preflight& estimate) {
    m_estimate = estimate;
    refresh();
  };
}

std::function<void(const QString&)> EstimatedPage::failed() {
  return [this](const QString& text) {
    m_problem = text;
    refresh();
  };
}

void EstimatedPage::showAll(std::vector<Cost> own, QStringList warnings, bool blocking) {
  if (m_problem.isEmpty()) {
    const auto costs = costsOf(m_estimate ? &*m_estimate : nullptr, m_room);
    own.insert(own.end(), costs.begin(), costs.end());
  } else if (!blocking) {
    warnings << tr("Not estimated: %1").arg(m_problem);
  }
  if (m_estimate) warnings << warningsOf(*m_estimate, m_room, refusedText());
  if (warnings.size() > kMostWarnings) {
    const int more = static_cast<int>(warnings.size()) - kMostWarnings;
    warnings = warnings.mid(0, kMostWarnings) << tr("and %n more", nullptr, more);
  }
  setCosts(own);
  setWarnings(warnings, blocking);
}

}  // namespace planish::desktop
