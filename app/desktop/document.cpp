#include "app/desktop/document.h"

#include "app/desktop/plan_command.h"
#include "core/compute/shape_inference.h"
#include "core/formats/menu.h"

#include <QCoreApplication>

#include <algorithm>
#include <set>

namespace planish::desktop {
namespace {

const Plan* lastPlan(const Project& project) { return project.plans.empty() ? nullptr : &project.plans.back(); }

std::size_t at(int layer) { return static_cast<std::size_t>(layer); }

/// Multiply-accumulates of one sample by layer: every weight meets each position of the output once. 0 where the shape is not known.
std::vector<std::int64_t> operationsOf(const OpenedNetwork& opened) {
  const Shapes shapes = inferShapes(*opened.network);
  std::vector<std::int64_t> work;
  for (const auto& layer : opened.layers.items) {
    const auto* output = shapes.find(layer.output);
    const std::int64_t positions = output && layer.kind != "embedding" && layer.rows() > 0 ? output->shape.count() / layer.rows() : 0;
    work.push_back(layer.weightCount() * positions);
  }
  return work;
}

}  // namespace

Document::Document(const Engine& engine, QObject* parent) : QObject(parent), m_engine(engine) {
  m_undo.setUndoLimit(1000);
  connect(&m_undo, &QUndoStack::indexChanged, this, [this] { refreshHistory(); });
  const auto tellModified = [this] {
    const bool now = modified();
    if (std::exchange(m_wasModified, now) != now) Q_EMIT modifiedChanged();
  };
  connect(&m_undo, &QUndoStack::cleanChanged, this, tellModified);
  connect(this, &Document::changed, this, tellModified);
  listMethods();
}

void Document::listMethods() {
  for (const auto& solver : m_engine.plugins.solvers.all()) m_workspace.solvers.push_back({solver->declaration(), true, {}});
  for (const auto& target : m_engine.plugins.targets.all()) m_workspace.targets.push_back({target->declaration(), true, {}});
  for (const auto& metric : m_engine.plugins.metrics.all()) m_workspace.metrics.push_back({metric->declaration(), true, {}});
}

void Document::say(Changes changes) {
  if (m_arrivals > 0) m_unsaid |= changes;
  else Q_EMIT changed(changes);
}

void Document::endArrival() {
  if (--m_arrivals > 0 || !m_unsaid) return;
  Q_EMIT changed(std::exchange(m_unsaid, {}));
}

void Document::clear() {
  Workspace empty;
  empty.solvers = m_workspace.solvers;
  empty.targets = m_workspace.targets;
  empty.metrics = m_workspace.metrics;
  empty.jobs = std::move(m_workspace.jobs);
  empty.log = std::move(m_workspace.log);
  m_workspace = std::move(empty);
  m_undo.clear();
  m_unsavedResults = false;
  say(Changes::fromInt(~0u));
}

void Document::setNetwork(std::shared_ptr<const OpenedNetwork> network) {
  clear();
  m_workspace.network = std::move(network);
  m_workspace.project.network = m_workspace.network->reference;
  m_workspace.options = parseOptions("int8,int4");
  startPlan();
}

void Document::replaceNetwork(std::shared_ptr<const OpenedNetwork> network) {
  m_workspace.network = std::move(network);
  m_workspace.project.network = m_workspace.network->reference;
  m_workspace.ghost.reset();
  m_workspace.front.clear();
  m_workspace.inspections.clear();
  m_workspace.answers.reset();
  m_workspace.selection.clear();
  m_workspace.current = -1;
  bindLayers();
}

void Document::setProject(Project project, std::shared_ptr<const OpenedNetwork> network, const QString& file) {
  clear();
  m_workspace.network = std::move(network);
  m_workspace.project = std::move(project);
  m_workspace.file = file;
  std::vector<Setting> options;
  for (const auto& table : m_workspace.project.tables)
    for (const auto& row : table.rows)
      if (std::find(options.begin(), options.end(), row.option) == options.end()) options.push_back(row.option);
  m_workspace.options = options.empty() ? parseOptions("int8,int4") : options;
  startPlan();
}

void Document::startPlan() {
  auto& w = m_workspace;
  if (const Plan* stored = lastPlan(w.project)) {
    w.plan = *stored;
    w.target = stored->target.empty() ? "any" : stored->target;
    w.metric = stored->metric;
    w.budget = stored->budget;
    if (m_engine.plugins.solvers.find(stored->solver)) w.solver = stored->solver;
  } else {
    w.plan = {};
    w.plan.name = "plan";
    w.budget = Budget{Budget::Kind::percent, 25};
  }
  if (!m_engine.plugins.targets.find(w.target)) w.target = "any";
  if (!w.project.table(w.metric)) w.metric = w.project.tables.empty() ? "kl" : w.project.tables.front().metric;
  bindLayers();
}

void Document::bindLayers() {
  auto& w = m_workspace;
  const Layers& layers = w.network->layers;
  m_sharesEarlier.assign(layers.size(), 0);
  std::set<ValueId> seen;
  for (std::size_t i = 0; i < layers.size(); ++i) m_sharesEarlier[i] = seen.insert(layers.items[i].weight).second ? 0 : 1;
  w.layerOperations = operationsOf(*w.network);
  fitPlanToLayers();
  w.budgetBytes = budgetBytes(w.budget, *w.network->network, layers);
  rebuildMenus();
  recount();
  m_undo.clear();
  m_undo.setClean();
  refreshHistory();
  say(Changes::fromInt(~0u));
}

void Document::fitPlanToLayers() {
  auto& w = m_workspace;
  std::vector<PlannedLayer> fitted;
  for (std::size_t i = 0; i < w.network->layers.size(); ++i) {
    const PlannedLayer* had = w.plan.find(w.network->layers.items[i].name);
    fitted.push_back(had ? *had : planned(static_cast<int>(i), Setting{}, ""));
  }
  w.plan.layers = std::move(fitted);
}

Bits Document::bitsOf(int layer, const Setting& setting) const {
  const auto& w = m_workspace;
  const Layer& item = w.network->layers.items[at(layer)];
  if (setting.isKeep()) return Bits{item.weightCount() * planish::bitsOf(w.network->network->value(item.weight).type)};
  return predictBits(item, setting, m_engine.plugins.targets.get(w.target).storage());
}

bool Document::sharesEarlierWeight(int layer) const { return m_sharesEarlier[at(layer)] != 0; }

PlannedLayer Document::planned(int layer, const Setting& setting, const std::string& provenance) const {
  PlannedLayer result;
  result.layer = m_workspace.network->layers.items[at(layer)].name;
  result.setting = setting;
  result.bits = sharesEarlierWeight(layer) ? Bits{} : bitsOf(layer, setting);
  result.provenance = provenance;
  return result;
}

void Document::rebuildMenus() {
  auto& w = m_workspace;
  w.menus.clear();
  if (!w.network) return;
  std::vector<Setting> offered = w.options;
  for (const auto& layer : w.plan.layers)
    if (!layer.setting.isKeep() && std::find(offered.begin(), offered.end(), layer.setting) == offered.end()) offered.push_back(layer.setting);
  std::stable_sort(offered.begin(), offered.end(), [](const Setting& a, const Setting& b) { return a.bitsPerCode() < b.bitsPerCode(); });
  const auto menu = menuFor(*w.network->network, w.network->layers, offered, m_engine.plugins.targets.get(w.target), m_engine.plugins.compressors);
  std::map<std::pair<std::string, std::string>, std::string> refused;
  for (const auto& refusal : menu.refused) refused[{refusal.layer, toText(refusal.option)}] = refusal.reason;
  std::map<std::pair<std::string, std::string>, Estimate> damage;
  if (const SensitivityTable* table = w.table())
    for (const auto& row : table->rows) damage[{row.layer, toText(row.option)}] = row.estimate;
  for (int i = 0; i < w.layerCount(); ++i) {
    const std::string& name = w.network->layers.items[at(i)].name;
    std::vector<views::MenuItem> items;
    for (const auto& setting : offered) {
      views::MenuItem item;
      item.setting = setting;
      const std::pair key{name, toText(setting)};
      if (const auto why = refused.find(key); why != refused.end()) item.refusal = QString::fromStdString(why->second);
      else item.bits = bitsOf(i, setting);
      if (const auto found = damage.find(key); found != damage.end()) item.damage = found->second;
      items.push_back(std::move(item));
    }
    views::MenuItem keep;
    keep.bits = bitsOf(i, Setting{});
    keep.damage = Estimate{};
    items.push_back(keep);
    w.menus.push_back(std::move(items));
  }
}

void Document::recount() {
  auto& w = m_workspace;
  for (int i = 0; i < w.layerCount(); ++i) {
    const auto* item = views::menuItem(w, i, w.plan.layers[at(i)].setting);
    if (item && item->legal() && !sharesEarlierWeight(i)) w.plan.layers[at(i)].bits = item->bits;
  }
  w.totals = views::totalsWith(w);
  w.plan.predicted = w.totals.predicted;
}

PlanHead Document::head() const {
  const auto& w = m_workspace;
  return {w.plan.name, w.plan.solver, w.metric, w.target, w.budget};
}

void Document::push(std::vector<LayerEdit> after, PlanHead newHead, const QString& text, int drag) {
  std::vector<LayerEdit> before, changedOnes;
  for (auto& [layer, value] : after)
    if (!(m_workspace.plan.layers[at(layer)] == value)) {
      before.emplace_back(layer, m_workspace.plan.layers[at(layer)]);
      changedOnes.emplace_back(layer, std::move(value));
    }
  if (changedOnes.empty() && newHead == head()) return;
  m_undo.push(new PlanCommand(*this, std::move(before), std::move(changedOnes), head(), std::move(newHead), text, drag));
}

void Document::apply(const std::vector<LayerEdit>& layers, const PlanHead& newHead) {
  auto& w = m_workspace;
  Changes what = Change::plan;
  const PlanHead old = head();
  for (const auto& [layer, value] : layers) w.plan.layers[at(layer)] = value;
  if (!(old.budget == newHead.budget)) what |= Change::budget;
  if (old.metric != newHead.metric) what |= Change::metric;
  if (old.target != newHead.target) {
    what |= Change::menus;
    // What the solver made for another target is no measure of this plan.
    if (w.ghost && w.ghost->target != newHead.target) {
      w.ghost.reset();
      what |= Change::ghost;
    }
  }
  w.plan.name = newHead.name;
  w.plan.solver = newHead.solver;
  w.metric = w.project.table(newHead.metric) || w.project.tables.empty() ? newHead.metric : w.metric;  // a table that came since stays
  w.plan.metric = w.metric;
  w.plan.target = w.target = newHead.target;
  w.plan.budget = w.budget = newHead.budget;
  w.plan.bound.reset();
  w.budgetBytes = budgetBytes(w.budget, *w.network->network, w.network->layers);
  bool unknownSetting = false;
  for (const auto& [layer, value] : layers) unknownSetting |= !views::menuItem(w, layer, value.setting);
  if (unknownSetting || what & (Change::metric | Change::menus)) {
    rebuildMenus();
    what |= Change::menus;
  }
  recount();
  if (!layers.empty()) {
    ++m_revision;
    for (auto& job : w.jobs)
      if (job.over() && !job.olderPlan && job.plan == w.plan.name) {
        job.olderPlan = true;
        what |= Change::jobs;
      }
  }
  say(what);
}

QString Document::settingsText(const std::vector<std::pair<int, Setting>>& settings) const {
  const bool same = std::all_of(settings.begin(), settings.end(), [&](const auto& entry) { return entry.second == settings.front().second; });
  if (!same) return tr("Change %n layers", nullptr, static_cast<int>(settings.size()));
  return tr("Set %n layers to %1", nullptr, static_cast<int>(settings.size())).arg(QString::fromStdString(toText(settings.front().second)));
}

void Document::changeSettings(const std::vector<std::pair<int, Setting>>& settings, int drag) {
  std::vector<LayerEdit> edits;
  std::vector<std::pair<int, Setting>> taken;
  for (const auto& [layer, setting] : settings) {
    if (layer < 0 || layer >= m_workspace.layerCount() || m_workspace.plan.layers[at(layer)].locked) continue;
    const auto* item = views::menuItem(m_workspace, layer, setting);
    if (item && !item->legal()) continue;
    edits.emplace_back(layer, planned(layer, setting, "by hand"));
    taken.emplace_back(layer, setting);
  }
  // Layers that share a weight take one setting.
  for (const auto& group : m_workspace.network ? m_workspace.network->layers.sharedWeights : std::vector<std::vector<LayerId>>())
    for (std::size_t i = 0, count = taken.size(); i < count; ++i)
      if (std::find(group.begin(), group.end(), LayerId{taken[i].first}) != group.end())
        for (const LayerId other : group)
          if (other.index != taken[i].first) edits.emplace_back(other.index, planned(other.index, taken[i].second, "by hand"));
  if (edits.empty()) return;
  std::stable_sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  edits.erase(std::unique(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.first == b.first; }), edits.end());
  push(std::move(edits), head(), settingsText(taken), drag);
}

void Document::endDrag(int drag, bool keep) {
  if (keep || drag <= 0 || m_undo.index() == 0) return;
  const auto* top = static_cast<const PlanCommand*>(m_undo.command(m_undo.index() - 1));
  if (top->id() != drag) return;
  top->removeOnUndo();
  m_undo.undo();
}

void Document::lockLayers(const std::vector<int>& layers, bool locked) {
  std::vector<LayerEdit> edits;
  for (const int layer : layers)
    if (layer >= 0 && layer < m_workspace.layerCount()) {
      PlannedLayer value = m_workspace.plan.layers[at(layer)];
      value.locked = locked;
      edits.emplace_back(layer, std::move(value));
    }
  const int count = static_cast<int>(edits.size());
  push(std::move(edits), head(), locked ? tr("Lock %n layers", nullptr, count) : tr("Unlock %n layers", nullptr, count), 0);
}

void Document::setBudget(const Budget& budget, int drag) {
  if (!m_workspace.network) return;
  PlanHead next = head();
  next.budget = budget;
  push({}, next, tr("Budget %1").arg(QString::fromStdString(toText(budget))), drag);
}

void Document::takePlan(const Plan& plan, const QString& text, int drag) {
  if (!m_workspace.network) return;
  std::vector<LayerEdit> edits;
  for (int i = 0; i < m_workspace.layerCount(); ++i)
    if (const PlannedLayer* theirs = plan.find(m_workspace.network->layers.items[at(i)].name)) {
      PlannedLayer value = *theirs;
      value.locked = value.locked || m_workspace.plan.layers[at(i)].locked;
      edits.emplace_back(i, std::move(value));
    }
  PlanHead next = head();
  next.solver = plan.solver;
  push(std::move(edits), next, text, drag);
}

void Document::chooseTarget(const std::string& target) {
  if (!m_workspace.network || !m_engine.plugins.targets.find(target)) return;
  PlanHead next = head();
  next.target = target;
  push({}, next, tr("Target %1").arg(QString::fromStdString(target)), 0);
}

void Document::chooseMetric(const std::string& metric) {
  if (!m_workspace.network || !m_workspace.project.table(metric)) return;
  PlanHead next = head();
  next.metric = metric;
  push({}, next, tr("Judge by %1").arg(QString::fromStdString(metric)), 0);
}

void Document::refreshHistory() {
  auto& w = m_workspace;
  w.history.clear();
  for (int i = 0; i < m_undo.count(); ++i) w.history.push_back({m_undo.text(i)});
  w.historyAt = m_undo.index();
  say(Change::history);
}

}  // namespace planish::desktop
