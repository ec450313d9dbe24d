#pragma once

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "core/compute/shape_inference.h"
#include "core/jobs/open_job.h"

namespace planish::cli {

/// What every command gets.
struct Session {
  const Options& options;
  Output& output;
  const PluginRegistries& plugins;
  const std::vector<std::pair<std::string, std::string>>& failedPlugins;  ///< file, problem
  Context context;
  Progress progress;
};

/// A command returns the exit status; failures are thrown.
int info(Session& session);
int eval(Session& session);
int measureCommand(Session& session);
int planCommand(Session& session);
int compressCommand(Session& session);
int exportCommand(Session& session);
int run(Session& session);
int show(Session& session);
int methods(Session& session);
int planExport(Session& session);
int planImport(Session& session);

/// Preprocessing from --preprocess and the options of the same names, which win.
Preprocessing preprocessing(const Options& options);

/// The data to judge by, and the calibration data: separate with --calibration, else the same (said as a warning). Null where
/// nothing was given.
struct SessionData {
  std::optional<OpenedData> data, calibration;
  const BatchSource* judging() const { return data ? data->source.get() : nullptr; }
  const BatchSource* calibrating() const { return calibration ? calibration->source.get() : judging(); }
  std::string calibrationFingerprint() const { return calibration ? calibration->reference.fingerprint : data ? data->reference.fingerprint : ""; }
};
SessionData openData(Session& session, const Network& network);
/// The data that a project was measured with.
SessionData reopenData(Session& session, const Project& project, const Network& network);

/// Throws Error(usage) unless the file exists and is a project.
Project openProject(Session& session);

Json toJson(const NetworkReference& network);
Json toJson(const SensitivityTable& table);
Json toJson(const Plan& plan, const Layers* layers, const Network* network);
Json toJson(const CompressionResult& result);
Json toJson(const ExportRecord& record);

}  // namespace planish::cli
