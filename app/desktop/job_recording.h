#pragma once

#include "views/base/job_state.h"

namespace planish::desktop {

/// A job as planish-cli recorded it (measure or compress with --jsonl), for the Job view: also one of another machine. What a recording
/// lacks stays unknown. Throws Error(invalidInput) for a file that is none.
views::JobState readRecording(const QString& path);

}  // namespace planish::desktop
