#pragma once

#include "core/allocation/plan.h"
#include "core/compression/setting.h"
#include "core/data/preprocessing.h"

#include <QMetaType>
#include <QString>

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace planish::views {

/// What a view asks for. Views edit nothing: the application turns requests into undo commands and jobs. Layers are positions in
/// OpenedNetwork::layers.
namespace request {

/// The selection that all views share. `current` is the layer that the Layer view shows; -1: the first of them.
struct Select {
  std::vector<int> layers;
  int current = -1;
};

/// New settings of layers, one undo step. Requests with the same drag number (not 0) merge into one step.
struct ChangeSettings {
  std::vector<std::pair<int, Setting>> settings;
  int drag = 0;
};
/// The drag with this number is over: committed, or (Esc) taken back as if it had never been.
struct EndDrag {
  int drag = 0;
  bool keep = true;
};
struct LockLayers {
  std::vector<int> layers;
  bool locked = true;
};

/// The budget; with `solve` the rest is solved for it at once. The same drag number merges as above.
struct SetBudget {
  Budget budget;
  bool solve = false;
  int drag = 0;
};
/// Fill all layers that are not locked under the budget. Empty: the chosen solver.
struct Solve {
  std::string solver;
};
struct ChooseSolver { std::string solver; };
struct ChooseMetric { std::string metric; };
struct ChooseTarget { std::string target; };

/// Plans of the project. The working plan is one of them by name.
struct OpenPlan { std::string name; };
/// A point of the Pareto front becomes the working plan, as an undo step.
struct TakeFrontPlan { int point = -1; };
struct SavePlanAs { std::string name; };
struct DeletePlan { std::string name; };
/// Settings of these layers (all if empty) from another plan into the working plan.
struct TakeSettings {
  std::string plan;
  std::vector<int> layers;
};
/// Compress and judge these points of the front or plans, so that they get measured dots.
struct MeasurePlans {
  std::vector<int> points;
  std::vector<std::string> plans;
};

struct Measure {};   ///< opens the Measure page with its preflight
struct Compress {};  ///< opens the preflight of a compress job of the working plan
struct Export {};    ///< opens the Export page
/// What both networks answer to every judged sample, for the Data view.
struct CompareAnswers {};
/// Fill Workspace::inspections for a layer (weights, ranges, singular values); answered by Change::inspections.
struct Inspect { int layer = -1; };

struct ControlJob {
  enum class Act { pause, resume, stop, skipLayer, remove, moveUp, moveDown, tryAgain, useProcessor };
  int job = 0;
  Act act = Act::stop;
};
struct CopyCommand { int job = 0; };

struct OpenFiles { std::vector<QString> paths; };
struct ChooseNetwork {};  ///< file dialog
struct ChooseData { bool calibration = false; };
struct ChangePreprocessing { Preprocessing preprocessing; };
/// Columns of the user's own (CSV or JSON: layer name -> number) to lay over sensitivities.
struct ImportOverlay { QString path; };
struct RemoveOverlay { QString name; };

struct Undo {};
struct Redo {};
struct GoToStep { int step = 0; };  ///< undo history: 0 is the state after opening
struct ShowHelp { QString topic; };
struct ShowView { QString view; };

}  // namespace request

using Request = std::variant<request::Select, request::ChangeSettings, request::EndDrag, request::LockLayers, request::SetBudget, request::Solve,
                             request::ChooseSolver, request::ChooseMetric, request::ChooseTarget, request::OpenPlan, request::TakeFrontPlan,
                             request::SavePlanAs, request::DeletePlan, request::TakeSettings, request::MeasurePlans, request::Measure, request::Compress,
                             request::Export, request::CompareAnswers, request::Inspect, request::ControlJob, request::CopyCommand, request::OpenFiles,
                             request::ChooseNetwork, request::ChooseData, request::ChangePreprocessing, request::ImportOverlay, request::RemoveOverlay,
                             request::Undo, request::Redo, request::GoToStep, request::ShowHelp, request::ShowView>;

}  // namespace planish::views

Q_DECLARE_METATYPE(planish::views::Request)
