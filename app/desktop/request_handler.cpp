#include "app/desktop/request_handler.h"

#include "views/base/numbers.h"

#include <QClipboard>
#include <QGuiApplication>

namespace planish::desktop {

namespace request = views::request;

RequestHandler::RequestHandler(Document& document, JobRunner& jobs, QObject* parent) : QObject(parent), m_document(document), m_jobs(jobs) {}

void RequestHandler::handle(const views::Request& request) {
  std::visit([this](const auto& one) { act(one); }, request);
}

void RequestHandler::act(const request::Select& r) { m_document.select(r.layers, r.current); }

void RequestHandler::act(const request::ChangeSettings& r) {
  m_document.changeSettings(r.settings, r.drag);
  m_jobs.followPlan();
}

void RequestHandler::act(const request::EndDrag& r) {
  if (!r.keep) m_jobs.cancelSolving();
  m_document.endDrag(r.drag, r.keep);
  m_jobs.followPlan();
}

void RequestHandler::act(const request::LockLayers& r) { m_document.lockLayers(r.layers, r.locked); }

void RequestHandler::act(const request::SetBudget& r) {
  m_document.setBudget(r.budget, r.drag);
  if (r.solve) m_jobs.solve(r.drag);
}

void RequestHandler::act(const request::Solve& r) {
  if (!r.solver.empty()) m_document.chooseSolver(r.solver);
  m_jobs.solve();
}

void RequestHandler::act(const request::ChooseSolver& r) { m_document.chooseSolver(r.solver); }

void RequestHandler::act(const request::ChooseMetric& r) {
  m_document.chooseMetric(r.metric);
  m_jobs.computeFront();
}

void RequestHandler::act(const request::ChooseTarget& r) {
  m_document.chooseTarget(r.target);
  m_jobs.computeFront();
}

void RequestHandler::act(const request::OpenPlan& r) {
  const Plan* plan = m_document.workspace().project.plan(r.name);
  if (!plan) return;
  m_document.takePlan(*plan, tr("Open plan “%1”").arg(views::plainName(r.name)));
  m_jobs.followPlan();
}

void RequestHandler::act(const request::TakeFrontPlan& r) {
  const auto& front = m_document.workspace().front;
  if (r.point < 0 || static_cast<std::size_t>(r.point) >= front.size()) return;
  const Plan plan = front[static_cast<std::size_t>(r.point)].plan;
  m_document.takePlan(plan, tr("Take the plan of %1").arg(views::shortBytes(plan.bytes().count)));
  m_jobs.followPlan();
}

void RequestHandler::act(const request::SavePlanAs& r) { m_document.storePlan(r.name); }
void RequestHandler::act(const request::DeletePlan& r) { m_document.deletePlan(r.name); }

void RequestHandler::act(const request::TakeSettings& r) {
  const Workspace& w = m_document.workspace();
  const Plan* plan = w.project.plan(r.plan);
  if (!plan && w.ghost && w.ghost->name == r.plan) plan = &*w.ghost;
  if (!plan && w.ghost && r.plan.empty()) plan = &*w.ghost;
  if (!plan) return;
  std::vector<std::pair<int, Setting>> settings;
  const auto take = [&](int layer) {
    if (const PlannedLayer* theirs = plan->find(w.plan.layers[static_cast<std::size_t>(layer)].layer)) settings.emplace_back(layer, theirs->setting);
  };
  if (r.layers.empty())
    for (int i = 0; i < w.layerCount(); ++i) take(i);
  for (const int layer : r.layers) take(layer);
  m_document.changeSettings(settings);
  m_jobs.followPlan();
}

void RequestHandler::act(const request::MeasurePlans& r) {
  std::vector<int> points = r.points;
  const auto& front = m_document.workspace().front;
  for (const auto& name : r.plans)
    for (std::size_t i = 0; i < front.size(); ++i)
      if (front[i].label == name) points.push_back(static_cast<int>(i));
  if (!m_document.workspace().data) Q_EMIT problem(tr("Measure plans"), tr("There is no data to judge by. Choose data in the Data view."));
  else m_jobs.measurePlans(points);
}

void RequestHandler::act(const request::CompareAnswers&) {
  if (!m_document.workspace().data) Q_EMIT problem(tr("Ask both networks"), tr("There is no data to ask about. Choose data in the Data view."));
  else m_jobs.compareAnswers();
}

void RequestHandler::act(const request::Inspect& r) { m_jobs.inspect(r.layer); }
void RequestHandler::act(const request::ControlJob& r) { m_jobs.control(r.job, r.act); }

void RequestHandler::act(const request::CopyCommand& r) {
  const QString command = m_jobs.commandOf(r.job);
  if (!command.isEmpty()) QGuiApplication::clipboard()->setText(command);
}

void RequestHandler::act(const request::ImportOverlay& r) {
  if (!m_document.workspace().network) return;
  // A file of the user's own is read here, so its faults are answered here.
  try {
    views::Overlay overlay = readOverlay(r.path, m_document.workspace().network->layers);
    if (overlay.unmatched > 0)
      m_document.log(views::LogLine::Level::warning, tr("%1: %n names are no layers of this network", nullptr, overlay.unmatched).arg(overlay.name));
    m_document.putOverlay(std::move(overlay));
  } catch (const Error& error) {
    Q_EMIT problem(tr("Column of your own"), QString::fromUtf8(error.what()));
  }
}

void RequestHandler::act(const request::RemoveOverlay& r) { m_document.removeOverlay(r.name); }
void RequestHandler::act(const request::Undo&) {
  m_document.undoStack().undo();
  m_jobs.followPlan();
}
void RequestHandler::act(const request::Redo&) {
  m_document.undoStack().redo();
  m_jobs.followPlan();
}
void RequestHandler::act(const request::GoToStep& r) {
  m_document.undoStack().setIndex(r.step);
  m_jobs.followPlan();
}

}  // namespace planish::desktop
