#pragma once

#include "views/base/job_state.h"

#include <QString>

namespace planish::views {

/// "31 of 54 layers · 12.4 layers/s · 0:41 left · started 14:02:11 · CPU, 2 threads"
QString statusText(const JobState& job);
/// "running, 57 %", "paused", "failed: …": in a word or two for lists.
QString phaseText(const JobState& job);
/// What the last reading of the throughput counts: "layers/s", "cells/s".
QString throughputUnit(JobKind kind);
/// What the job needs beside what it used, one line; empty where neither is known.
QString costText(const JobState& job);

}  // namespace planish::views
