#pragma once

#include "app/cli/session.h"

namespace planish::cli {

/// A project being worked on: locked, its network open. Saved after each step.
struct Work {
  ProjectLock lock;
  Project project;
  OpenedNetwork network;
  SessionData data;
};

/// For commands that start from a network file: creates the project or adds to it.
std::unique_ptr<Work> startWork(Session& session);
/// For commands that start from a project.
std::unique_ptr<Work> continueWork(Session& session, bool needsData);

/// The steps of the main job. Each changes the project, saves it (unless --dry-run), prints for people, and returns its JSON object
/// without "schema" and "command".
Json measureStep(Session& session, Work& work, const Progress& progress);
Json planStep(Session& session, Work& work, const Progress& progress, int& status);
Json compressStep(Session& session, Work& work, const std::string& planName, const Progress& progress);
Json exportStep(Session& session, Work& work, const std::string& planName, const Progress& progress);

/// Throws Error(usage) if --to exists and --force was not given.
void refuseOverwriting(const Options& options);

/// "none" alone, or ids of repairs; throws Error(usage) listing them.
std::vector<std::string> parseRepairs(const PluginRegistries& plugins, const std::string& text);
/// The named plan, or the last one where the name is empty. Throws Error(usage) listing the plans.
const Plan& planOf(const Project& project, const std::string& name);

}  // namespace planish::cli
