#pragma once

#include "views/base/view.h"

class QLabel;
class QStackedWidget;

namespace planish::views {

class ErrorChart;
class JobHeader;
class JobList;
class LiveChart;
class ResourceMeters;

/// What runs: how accurate the partly compressed network still is, the error of each finished layer, what it costs; queue and history.
/// Shows the running job unless another one is chosen in the list.
class JobView : public View {
  Q_OBJECT

 public:
  explicit JobView(const Workspace& workspace, QWidget* parent = nullptr);

  LiveChart* liveChart() const { return m_live; }
  ErrorChart* errorChart() const { return m_errors; }
  ResourceMeters* meters() const { return m_meters; }
  JobList* list() const { return m_list; }
  JobHeader* header() const { return m_header; }
  /// Id of the job that is shown, 0: none.
  int shownJob() const { return m_shown; }

 protected:
  void refresh(Changes changes) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  const JobState* jobToShow() const;
  void showJob();
  void arrange();
  QStackedWidget* m_pages;
  QLabel* m_empty;
  JobHeader* m_header;
  LiveChart* m_live;
  ErrorChart* m_errors;
  ResourceMeters* m_meters;
  JobList* m_list;
  int m_chosen = 0;  ///< by the user; 0: follow what runs
  int m_shown = 0;
};

}  // namespace planish::views
