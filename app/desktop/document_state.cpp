// The part of the document that undo does not touch: selection, tables, results, jobs, saving.
#include "app/desktop/document.h"

#include <algorithm>

namespace planish::desktop {

void Document::setData(std::shared_ptr<const BatchSource> data, std::optional<DataReference> reference) {
  m_workspace.data = std::move(data);
  if (reference) m_workspace.project.data = std::move(reference);
  m_workspace.answers.reset();
  say(Change::data | Change::answers);
}

void Document::setCalibration(std::shared_ptr<const BatchSource> data, std::optional<DataReference> reference) {
  m_workspace.calibration = std::move(data);
  if (reference) m_workspace.project.calibration = std::move(reference);
  m_workspace.inspections.clear();
  say(Change::data | Change::inspections);
}

Project Document::projectToSave() const {
  Project project = m_workspace.project;
  std::erase_if(project.plans, [&](const Plan& plan) { return plan.name == m_workspace.plan.name; });
  project.plans.push_back(m_workspace.plan);
  return project;
}

void Document::markSaved(const QString& file) {
  m_workspace.project = projectToSave();
  m_workspace.file = file;
  m_unsavedResults = false;
  m_undo.setClean();
  say(Change::plans);
}

void Document::setFile(const QString& file) {
  m_workspace.file = file;
  say(Change::plans);
}

bool Document::modified() const { return m_workspace.network && (m_unsavedResults || !m_undo.isClean()); }

void Document::noteResults() {
  m_unsavedResults = true;
  say(Change::results);
}

void Document::select(std::vector<int> layers, int current) {
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  std::erase_if(layers, [&](int layer) { return layer < 0 || layer >= m_workspace.layerCount(); });
  if (current < 0 || current >= m_workspace.layerCount()) current = layers.empty() ? -1 : layers.front();
  if (layers == m_workspace.selection && current == m_workspace.current) return;
  m_workspace.selection = std::move(layers);
  m_workspace.current = current;
  say(Change::selection);
}

void Document::chooseSolver(const std::string& solver) {
  if (!m_engine.plugins.solvers.find(solver)) return;
  m_workspace.solver = solver;
  say(Change::budget);
}

void Document::setOptions(std::vector<Setting> options) {
  m_workspace.options = std::move(options);
  rebuildMenus();
  recount();
  say(Change::menus | Change::plan);
}

void Document::setGhost(std::optional<Plan> plan) {
  m_workspace.ghost = std::move(plan);
  say(Change::ghost);
}

void Document::putTable(const SensitivityTable& table) {
  m_workspace.project.put(table);
  m_workspace.metric = table.metric;
  m_workspace.plan.metric = table.metric;
  rebuildMenus();
  recount();
  m_unsavedResults = true;
  say(Change::tables | Change::menus | Change::metric | Change::plan);
}

void Document::putRows(const std::string& metric, const std::string& unit, const std::vector<SensitivityRow>& rows) {
  auto& tables = m_workspace.project.tables;
  auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& have) { return have.metric == metric; });
  if (table == tables.end()) {
    SensitivityTable fresh;
    fresh.metric = metric;
    fresh.unit = unit;
    tables.push_back(std::move(fresh));
    table = tables.end() - 1;
  }
  table->fingerprint.clear();  // not whole: may not pass for a finished table
  for (const auto& row : rows) {
    const auto old = std::find_if(table->rows.begin(), table->rows.end(), [&](const auto& have) { return have.layer == row.layer && have.option == row.option; });
    if (old == table->rows.end()) table->rows.push_back(row);
    else *old = row;
  }
  m_unsavedResults = true;
  if (m_workspace.metric == metric && !rows.empty()) {
    const auto& layers = m_workspace.network->layers.items;
    for (std::size_t i = 0; i < layers.size(); ++i)
      if (layers[i].name == rows.front().layer)
        for (auto& item : m_workspace.menus[i])
          for (const auto& row : rows)
            if (row.option == item.setting) item.damage = row.estimate;
    recount();
  }
  say(Change::tables | Change::plan);
}

void Document::putResult(CompressionResult result) {
  m_workspace.project.put(std::move(result));
  m_unsavedResults = true;
  say(Change::results);
}

void Document::putExport(ExportRecord record) {
  m_workspace.project.put(std::move(record));
  m_unsavedResults = true;
  say(Change::results);
}

void Document::storePlan(const std::string& name) {
  Plan copy = m_workspace.plan;
  copy.name = name;
  m_workspace.project.put(copy);
  m_workspace.plan.name = name;
  m_unsavedResults = true;
  say(Change::plans | Change::plan);
}

void Document::deletePlan(const std::string& name) {
  std::erase_if(m_workspace.project.plans, [&](const Plan& plan) { return plan.name == name; });
  m_unsavedResults = true;
  say(Change::plans);
}

void Document::setFront(std::vector<views::FrontPoint> front) {
  m_workspace.front = std::move(front);
  say(Change::front);
}

void Document::setInspection(int layer, std::shared_ptr<const views::LayerInspection> inspection) {
  m_workspace.inspections[layer] = std::move(inspection);
  say(Change::inspections);
}

void Document::setAnswers(std::shared_ptr<const views::Answers> answers) {
  m_workspace.answers = std::move(answers);
  say(Change::answers);
}

void Document::putOverlay(views::Overlay overlay) {
  std::erase_if(m_workspace.overlays, [&](const auto& have) { return have.name == overlay.name; });
  m_workspace.overlays.push_back(std::move(overlay));
  say(Change::overlays);
}

void Document::removeOverlay(const QString& name) {
  std::erase_if(m_workspace.overlays, [&](const auto& have) { return have.name == name; });
  say(Change::overlays);
}

views::JobState* Document::job(int id) {
  for (auto& job : m_workspace.jobs)
    if (job.id == id) return &job;
  return nullptr;
}

void Document::log(views::LogLine::Level level, const QString& text) {
  m_workspace.log.push_back({QDateTime::currentDateTime(), level, text});
  say(Change::log);
}

}  // namespace planish::desktop
