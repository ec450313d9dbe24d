#pragma once

#include "app/desktop/document.h"
#include "app/desktop/job_runner.h"
#include "views/base/request.h"

#include <QObject>

namespace planish::desktop {

/// Turns what views ask for into undo commands and jobs. What needs a dialog or the window is passed on as a signal.
class RequestHandler : public QObject {
  Q_OBJECT

 public:
  RequestHandler(Document& document, JobRunner& jobs, QObject* parent = nullptr);
  void handle(const views::Request& request);

 Q_SIGNALS:
  /// Measure, Compress, Export, ChooseNetwork, ChooseData, ChangePreprocessing, OpenFiles, ShowHelp, ShowView.
  void passedOn(const planish::views::Request& request);
  void problem(const QString& title, const QString& text);

 private:
  void act(const views::request::Select& request);
  void act(const views::request::ChangeSettings& request);
  void act(const views::request::EndDrag& request);
  void act(const views::request::LockLayers& request);
  void act(const views::request::SetBudget& request);
  void act(const views::request::Solve& request);
  void act(const views::request::ChooseSolver& request);
  void act(const views::request::ChooseMetric& request);
  void act(const views::request::ChooseTarget& request);
  void act(const views::request::OpenPlan& request);
  void act(const views::request::TakeFrontPlan& request);
  void act(const views::request::SavePlanAs& request);
  void act(const views::request::DeletePlan& request);
  void act(const views::request::TakeSettings& request);
  void act(const views::request::MeasurePlans& request);
  void act(const views::request::CompareAnswers& request);
  void act(const views::request::Inspect& request);
  void act(const views::request::ControlJob& request);
  void act(const views::request::CopyCommand& request);
  void act(const views::request::ImportOverlay& request);
  void act(const views::request::RemoveOverlay& request);
  void act(const views::request::Undo& request);
  void act(const views::request::Redo& request);
  void act(const views::request::GoToStep& request);
  template <typename Other>
  void act(const Other& request) {
    Q_EMIT passedOn(views::Request(request));
  }

  Document& m_document;
  JobRunner& m_jobs;
};

/// A column of numbers by layer name from CSV ("layer,value" with or without a header) or JSON (an object, or a list of objects with the
/// keys layer or name, and value). Throws Error(invalidInput) with line or key.
views::Overlay readOverlay(const QString& path, const Layers& layers);

}  // namespace planish::desktop
