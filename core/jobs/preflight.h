#pragma once

#include "core/formats/menu.h"
#include "core/jobs/compress_job.h"
#include "core/jobs/export_job.h"
#include "core/jobs/measure_job.h"

#include <string>
#include <vector>

namespace planish {

/// What a job will take, said before it begins. Bytes are estimates but for the output's weights; -1: not known.
struct Preflight {
  struct Part {
    std::string name;
    std::int64_t bytes = 0;
  };
  double seconds = -1;
  double factor = 1;                  ///< the truth is expected between seconds / factor and seconds * factor
  std::string timing;                 ///< what was measured for it
  std::vector<Part> memory;           ///< at the job's greatest, what the program has now included
  std::vector<Part> disk;             ///< what comes to the disk while it runs and with its result
  std::int64_t outputBytes = -1;      ///< of the exported file
  std::vector<Menu::Refusal> refused; ///< settings that cannot be made, or that the target does not take
  std::vector<std::string> notes;

  std::int64_t memoryBytes() const;
  std::int64_t diskBytes() const;
};

/// Runs a few samples and compresses a layer for each method to know how fast they are (about a second; less where `recorded` tells the
/// seconds of earlier layers). Throws Error where the job itself would refuse to start, and Cancelled.
Preflight preflight(const CompressJob& job, const Context& context, const Progress& progress, const std::vector<LayerResult>& recorded = {});
/// Settings that are not possible are left out of a measurement: `refused` says which.
Preflight preflight(const MeasureJob& job, const Context& context, const Progress& progress, const std::vector<LayerResult>& recorded = {});

/// Of the written file, and of the comparison with it. ExportJob::to is not looked at.
Preflight preflight(const ExportJob& job, const Context& context, const Progress& progress);

/// Bytes of memory that the program has now.
std::int64_t residentBytes();

}  // namespace planish
