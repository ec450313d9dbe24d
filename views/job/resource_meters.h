#pragma once

#include "views/base/job_state.h"

#include <QWidget>

#include <vector>

namespace planish::views {

/// What a job takes of the machine, as thin meters; after it what was expected beside what was used.
class ResourceMeters : public QWidget {
  Q_OBJECT

 public:
  explicit ResourceMeters(QWidget* parent = nullptr);
  void show(const JobState& job);

  struct Meter {
    QString name, value;
    double fraction = 0;    ///< of what was expected, or of the most so far
    bool over = false;      ///< more than expected
    QString help;
  };
  const std::vector<Meter>& meters() const { return m_meters; }
  QSize minimumSizeHint() const override;

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  int rowHeight() const;
  std::vector<Meter> m_meters;
};

}  // namespace planish::views
