#include "app/cli/steps.h"

namespace planish::cli {
namespace {

Json withHead(const std::string& command, const Json& step) {
  Json object = resultObject(command);
  object.update(step);
  return object;
}

}  // namespace

int measureCommand(Session& session) {
  const auto work = startWork(session);
  session.output.result(withHead("measure", measureStep(session, *work, session.progress)));
  return 0;
}

int planCommand(Session& session) {
  const auto work = continueWork(session, session.plugins.solvers.get(session.options.solver).needsMeasuring());
  int status = 0;
  session.output.result(withHead("plan", planStep(session, *work, session.progress, status)));
  return status;
}

int compressCommand(Session& session) {
  const auto work = continueWork(session, true);
  session.output.result(withHead("compress", compressStep(session, *work, session.options.planName, session.progress)));
  return 0;
}

int exportCommand(Session& session) {
  const auto work = continueWork(session, true);
  session.output.result(withHead("export", exportStep(session, *work, session.options.planName, session.progress)));
  return 0;
}

int run(Session& session) {
  parseBudget(session.options.budget);  // before hours of work, not after
  if (!session.options.repair.empty()) parseRepairs(session.plugins, session.options.repair);
  session.plugins.solvers.get(session.options.solver);
  refuseOverwriting(session.options);
  const auto work = startWork(session);
  Json object = resultObject("run");
  object["measure"] = measureStep(session, *work, session.progress.part(0, 0.7));
  if (session.options.dryRun) {
    session.output.result(std::move(object));
    return 0;
  }
  int status = 0;
  object["plan"] = planStep(session, *work, session.progress.part(0.7, 0.8), status);
  if (status == 0) {
    const std::string name = work->project.plans.back().name;
    const std::string planned = session.options.planName.empty() ? toText(parseBudget(session.options.budget)) : session.options.planName;
    object["compress"] = compressStep(session, *work, planned.empty() ? name : planned, session.progress.part(0.8, 0.95));
    if (!session.options.to.empty()) object["export"] = exportStep(session, *work, planned, session.progress.part(0.95, 1));
  }
  session.output.result(std::move(object));
  return status;
}

}  // namespace planish::cli
