#pragma once

#include "core/allocation/allocator.h"
#include "core/jobs/answers_job.h"
#include "core/jobs/inspect_job.h"
#include "core/jobs/open_job.h"
#include "core/parameters/declaration.h"
#include "views/base/job_state.h"

#include <QFlags>
#include <QString>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace planish::views {

/// What has changed; a view refreshes if one of its own is among them.
enum class Change : unsigned {
  network = 1u << 0,      ///< another network (or none): everything starts anew
  data = 1u << 1,
  tables = 1u << 2,       ///< sensitivity rows arrived
  plan = 1u << 3,         ///< settings or locks of the working plan, its totals
  budget = 1u << 4,       ///< budget or solver
  plans = 1u << 5,        ///< the list of stored plans
  selection = 1u << 6,
  menus = 1u << 7,        ///< target or options: what is legal
  metric = 1u << 8,
  front = 1u << 9,
  results = 1u << 10,     ///< compress results and exports
  jobs = 1u << 11,
  inspections = 1u << 12,
  answers = 1u << 13,
  overlays = 1u << 14,
  history = 1u << 15,     ///< undo steps
  log = 1u << 16,
  ghost = 1u << 17,       ///< the solver's plan behind the working one
};
Q_DECLARE_FLAGS(Changes, Change)
Q_DECLARE_OPERATORS_FOR_FLAGS(Changes)

/// One entry of a layer's menu.
struct MenuItem {
  Setting setting;
  Bits bits;                       ///< of the layer's weight under it, as the target stores it
  std::optional<Estimate> damage;  ///< by the chosen metric, where it is measured; keep has {0, 0, 0}
  QString refusal;                 ///< not empty: the target or the compressors cannot do it, and why

  bool legal() const { return refusal.isEmpty(); }
};

struct PlanTotals {
  Bytes bytes;
  double bitsPerWeight = 0;
  Estimate predicted;        ///< sum of the cells as measured; errors add in squares
  int unmeasured = 0;        ///< layers whose setting has no measured cell: not part of `predicted`
  std::int64_t operations = 0;  ///< multiply-accumulates of one sample; 0 where not known
};

/// A plan among others: a point of the Pareto front or a stored plan.
struct FrontPoint {
  Plan plan;
  Estimate predicted;
  std::map<std::string, Estimate> measured;  ///< difference to the original by score id; empty: not measured
  bool uniform = false;                      ///< one setting for all layers: reference
  std::string label;                         ///< "int4" of uniform plans, the name of stored ones, empty of solved ones
  bool pinned = false;
};

/// What the Layer view draws of one layer, and what both networks say of each judged sample; made by jobs on the worker.
using planish::Answers;
using planish::LayerInspection;

/// A user's own column: numbers by layer.
struct Overlay {
  QString name;
  std::map<std::string, double> values;
  int unmatched = 0;  ///< names in the file that are no layer
};

struct MethodChoice {
  Declaration declaration;
  bool usable = true;
  QString why;  ///< where it is not
};

struct HistoryStep {
  QString text;
};

/// Everything that views show: values, held by the application, changed on the GUI thread only.
struct Workspace {
  std::shared_ptr<const OpenedNetwork> network;  ///< null: nothing is open
  Project project;   ///< tables, stored plans, results, exports
  QString file;      ///< of the project; empty: not saved yet
  std::shared_ptr<const BatchSource> data, calibration;
  std::vector<std::int64_t> layerOperations;  ///< multiply-accumulates of one sample by layer; empty where not known

  Plan plan;                   ///< the working plan: one PlannedLayer a layer, in their order
  std::optional<Plan> ghost;   ///< the solver's last answer
  PlanTotals totals;
  Budget budget;
  std::optional<Bytes> budgetBytes;
  std::string solver = "exact", metric, target = "onnxruntime";
  std::vector<std::vector<MenuItem>> menus;  ///< by layer, in the order of bits, keep included
  std::vector<Setting> options;              ///< offered to all layers
  std::vector<MethodChoice> metrics, solvers, targets;

  std::vector<int> selection;  ///< ascending
  int current = -1;

  std::vector<FrontPoint> front;
  std::map<int, std::shared_ptr<const LayerInspection>> inspections;
  std::shared_ptr<const Answers> answers;
  std::vector<Overlay> overlays;

  std::vector<JobState> jobs;  ///< oldest first
  std::vector<LogLine> log;
  std::vector<HistoryStep> history;
  int historyAt = 0;  ///< steps done

  const Layers* layers() const { return network ? &network->layers : nullptr; }
  int layerCount() const { return network ? static_cast<int>(network->layers.size()) : 0; }
  /// Of the working plan's metric; null where nothing is measured.
  const SensitivityTable* table() const { return project.table(metric); }
  const JobState* runningJob() const;
  bool selected(int layer) const;
};

/// The menu's entry with this setting, nullptr where there is none.
const MenuItem* menuItem(const Workspace& workspace, int layer, const Setting& setting);
/// Sums for the working plan with some settings changed; what stands beside the cursor during a drag. Costs one pass over the layers.
PlanTotals totalsWith(const Workspace& workspace, const std::vector<std::pair<int, Setting>>& changes = {});
/// Mean damage of one layer under a setting by the chosen metric; NaN where not measured.
double damageOf(const Workspace& workspace, int layer, const Setting& setting);
/// The layer's legal setting whose bits per code come nearest to `bits`, with the sparsity, rank and activation bits of `like`.
std::optional<Setting> nearestLegal(const Workspace& workspace, int layer, double bits, const Setting& like);

}  // namespace planish::views
