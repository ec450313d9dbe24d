#pragma once

#include "app/desktop/job_runner.h"
#include "app/desktop/preflight_text.h"

#include <QTimer>

#include <optional>

namespace planish::desktop {

/// A page whose job is estimated while it is open: time, memory, disk and output stand below the fields, and what is refused above the
/// buttons. The estimate is made off the GUI thread, again a moment after a field changed; the job can be started without waiting for it.
class EstimatedPage : public JobPage {
  Q_OBJECT

 public:
  EstimatedPage(const Document& document, JobRunner& jobs, const QString& title, const QString& about, const QString& startText, QWidget* parent);
  ~EstimatedPage() override;

  const std::optional<Preflight>& estimate() const { return m_estimate; }
  /// For the job that this page starts; nothing is known (-1) where it was started before the estimate came.
  views::JobCost expected() const;

 protected:
  /// Asks jobs() for an estimate of what the fields say now, to be answered by took() and failed(). May do nothing.
  virtual void request() = 0;
  /// Shows costs and warnings of the fields and the estimate.
  virtual void refresh() = 0;
  /// What a refused setting means here: "is left out".
  virtual QString refusedText() const = 0;

  /// A field has changed: the estimate is dropped and asked for again.
  void estimateAgain();
  std::function<void(const Preflight&)> took();
  std::function<void(const QString&)> failed();
  /// Below `own`: the estimate's figures, and its warnings after `warnings`.
  void showAll(std::vector<Cost> own, QStringList warnings, bool blocking);

  const Document& document() const { return m_document; }
  const Workspace& workspace() const { return m_document.workspace(); }
  JobRunner& jobs() { return m_jobs; }

 private:
  const Document& m_document;
  JobRunner& m_jobs;
  QTimer m_pause;
  std::optional<Preflight> m_estimate;
  QString m_problem;  ///< why there is no estimate
  Room m_room;
};

}  // namespace planish::desktop
