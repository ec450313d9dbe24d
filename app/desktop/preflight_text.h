#pragma once

#include "app/desktop/form.h"
#include "core/jobs/preflight.h"
#include "views/base/job_state.h"

#include <QStringList>

namespace planish::desktop {

/// What the machine has left: -1 where the system does not say.
struct Room {
  std::int64_t memoryBytes = -1;  ///< that programs could still get, and what this one has
  std::int64_t diskBytes = -1;    ///< free where the project lies
  static Room now(const std::string& folder);
};

/// An estimate for the page before a job: time, memory, disk, output, each with its parts as a tip. nullptr: still being made.
std::vector<Cost> costsOf(const Preflight* estimate, const Room& room);
/// More memory or disk than there is, and settings that are refused, with the reason. `left`: what happens to a refused one.
QStringList warningsOf(const Preflight& estimate, const Room& room, const QString& left);
/// For the job's own page, beside what it will have used.
views::JobCost costOf(const Preflight& estimate);

}  // namespace planish::desktop
