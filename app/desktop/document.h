#pragma once

#include "app/desktop/engine.h"
#include "views/base/workspace.h"

#include <QObject>
#include <QUndoStack>

#include <utility>
#include <vector>

namespace planish::desktop {

using views::Change;
using views::Changes;
using views::Workspace;

/// What undo takes back and redo does again: the working plan and what it is judged by.
struct PlanHead {
  std::string name, solver, metric, target;
  Budget budget;
  bool operator==(const PlanHead&) const = default;
};

/// The open work: holds the workspace, owns the undo stack, and says what changed with one signal. Every edit of the plan is an undo
/// command; results of jobs are not undone. GUI thread only.
class Document : public QObject {
  Q_OBJECT

 public:
  explicit Document(const Engine& engine, QObject* parent = nullptr);

  const Workspace& workspace() const { return m_workspace; }
  QUndoStack& undoStack() { return m_undo; }
  const Engine& engine() const { return m_engine; }

  // Opening and closing.
  void clear();
  /// A network as it was opened; the plan starts as "keep" everywhere.
  void setNetwork(std::shared_ptr<const OpenedNetwork> network);
  /// The same network after other passes, while nothing is measured yet: data, budget, file and the settings of the plan stay, undo steps do not.
  void replaceNetwork(std::shared_ptr<const OpenedNetwork> network);
  /// A project with its network: its last plan becomes the working plan.
  void setProject(Project project, std::shared_ptr<const OpenedNetwork> network, const QString& file);
  void setData(std::shared_ptr<const BatchSource> data, std::optional<DataReference> reference);
  void setCalibration(std::shared_ptr<const BatchSource> data, std::optional<DataReference> reference);
  /// The project to save: everything, the working plan last.
  Project projectToSave() const;
  void markSaved(const QString& file);
  void setFile(const QString& file);
  /// Unsaved plan edits, tables or results.
  bool modified() const;
  void noteResults();  ///< results that are not saved yet have come

  // Edits: undo commands. Requests that share a drag number merge.
  void changeSettings(const std::vector<std::pair<int, Setting>>& settings, int drag = 0);
  void endDrag(int drag, bool keep);
  void lockLayers(const std::vector<int>& layers, bool locked);
  void setBudget(const Budget& budget, int drag = 0);
  /// A whole plan in place of the working one: solver's answer, stored plan, point of the front. `text`: of the undo step. With a drag
  /// number it merges into the step of that drag.
  void takePlan(const Plan& plan, const QString& text, int drag = 0);
  void chooseTarget(const std::string& target);
  void chooseMetric(const std::string& metric);

  // State that is not undone.
  void select(std::vector<int> layers, int current);
  void chooseSolver(const std::string& solver);
  void setOptions(std::vector<Setting> options);
  void setGhost(std::optional<Plan> plan);
  void putTable(const SensitivityTable& table);
  void putRows(const std::string& metric, const std::string& unit, const std::vector<SensitivityRow>& rows);
  void putResult(CompressionResult result);
  void putExport(ExportRecord record);
  void storePlan(const std::string& name);
  void deletePlan(const std::string& name);
  void setFront(std::vector<views::FrontPoint> front);
  void setInspection(int layer, std::shared_ptr<const views::LayerInspection> inspection);
  void setAnswers(std::shared_ptr<const views::Answers> answers);
  void putOverlay(views::Overlay overlay);
  void removeOverlay(const QString& name);
  /// Jobs and log: `edit` changes one job; the list is the owner's.
  std::vector<views::JobState>& jobs() { return m_workspace.jobs; }
  views::JobState* job(int id);
  void noteJobs() { say(Change::jobs); }
  /// What changes until this goes is said once, at its end: what a job brings is shown together.
  class Arrival {
   public:
    explicit Arrival(Document& document) : m_document(document) { ++m_document.m_arrivals; }
    ~Arrival() { m_document.endArrival(); }
    Arrival(const Arrival&) = delete;
    Arrival& operator=(const Arrival&) = delete;

   private:
    Document& m_document;
  };
  void log(views::LogLine::Level level, const QString& text);
  /// The working plan has changed since the plan of this name and revision was taken by a job.
  int planRevision() const { return m_revision; }

 Q_SIGNALS:
  void changed(planish::views::Changes changes);
  void modifiedChanged();

 private:
  friend class PlanCommand;
  void say(Changes changes);
  void endArrival();
  using LayerEdit = std::pair<int, PlannedLayer>;
  void push(std::vector<LayerEdit> after, PlanHead head, const QString& text, int drag);
  void apply(const std::vector<LayerEdit>& layers, const PlanHead& head);
  PlanHead head() const;
  void startPlan();
  /// What follows from the network: the plan has its layers, menus, totals, no undo steps.
  void bindLayers();
  void rebuildMenus();
  void fitPlanToLayers();
  void recount();
  void refreshHistory();
  void listMethods();
  PlannedLayer planned(int layer, const Setting& setting, const std::string& provenance) const;
  Bits bitsOf(int layer, const Setting& setting) const;
  bool sharesEarlierWeight(int layer) const;
  QString settingsText(const std::vector<std::pair<int, Setting>>& settings) const;

  const Engine& m_engine;
  Workspace m_workspace;
  QUndoStack m_undo;
  std::vector<char> m_sharesEarlier;  ///< by layer: its weight is counted with an earlier layer's
  int m_revision = 0, m_arrivals = 0;
  Changes m_unsaid;
  bool m_unsavedResults = false, m_wasModified = false;
};

}  // namespace planish::desktop
