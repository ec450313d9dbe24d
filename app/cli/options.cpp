#include "app/cli/options.h"

#include "core/base/error.h"

#include <CLI/CLI.hpp>

namespace planish::cli {
namespace {

void addData(CLI::App& app, Options& o, bool required) {
  auto* data = app.add_option("--data", o.data, "Samples: .npz, image folder, IDX pair, CIFAR binary, HDF5");
  if (required) data->required();
  app.add_option("--x", o.x, "Array of the samples");
  app.add_option("--y", o.y, "Array of the labels");
  app.add_option("--calibration", o.calibration, "Separate data for ranges, statistics and sensitivities (default: --data)");
  app.add_option("--calibration-x", o.calibrationX, "Array of the calibration samples");
  app.add_option("--calibration-y", o.calibrationY, "Array of the calibration labels");
  app.add_option("--limit", o.limit, "Take the first N samples");
  app.add_option("--calibration-limit", o.calibrationLimit, "Take the first N calibration samples");
  app.add_option("--batch", o.batch, "Samples run together")->check(CLI::Range(1, 65536));
  app.add_option("--preprocess", o.preprocessFile, "Preprocessing as a JSON file");
  app.add_option("--layout", o.layout, "Stored samples: nhwc or nchw");
  app.add_option("--channels", o.channels, "What the network wants: rgb, bgr or gray");
  app.add_option("--scale", o.scale, "Factor in (v * scale - mean) / std");
  app.add_option("--mean", o.mean, "Means, comma separated");
  app.add_option("--std", o.std, "Standard deviations, comma separated");
  app.add_option("--resize", o.resize, "H,W or the short side");
  app.add_option("--crop", o.crop, "H,W from the centre");
  app.add_option("--input", o.inputs, "NETWORK_INPUT=ARRAY, repeatable");
}

void addRun(CLI::App& app, Options& o) {
  app.add_option("--device", o.device, "cpu or cuda[:N]");
  app.add_option("--threads", o.threads, "Threads (default: all cores)")->check(CLI::Range(0, 4096));
  app.add_option("--seed", o.seed, "Seed of everything random");
  app.add_flag("--quiet", o.quiet, "No progress and messages");
  app.add_flag("--json", o.json, "One JSON object on standard output");
  app.add_flag("--jsonl", o.jsonl, "Events as lines of JSON on standard output");
  app.add_flag("--dry-run", o.dryRun, "Check and say what would be done, without doing it");
  app.add_flag("--force", o.force, "Overwrite; throw an unfinished job away");
  app.add_option("--checksums", o.checksums, "Weights beside the network that do not have the checksum it names: warn or refuse")->check(CLI::IsMember({"warn", "refuse"}));
  app.add_option("--plugins", o.pluginFolder, "Folder of shared-library plugins to load");
}

void addMeasure(CLI::App& app, Options& o) {
  app.add_option("--metric", o.metrics, "Metrics, comma separated (see methods)")->delimiter(',');
  app.add_option("--metric-set", o.metricParameters, "NAME=VALUE of the metrics (see methods), repeatable");
  app.add_option("--options", o.options, "Settings, comma separated, or a set: weights, int8-int4, activations, sparsity, rank, all");
  app.add_option("--pass", o.passes, "Network pass before measuring: fold-batchnorm, drop-identity, fold-constants; repeatable");
}

void addPlan(CLI::App& app, Options& o) {
  app.add_option("--solver", o.solver, "exact, greedy, uniform or evolve");
  app.add_option("--set", o.parameters, "NAME=VALUE of the solver, repeatable");
  app.add_option("--lock", o.locks, "LAYER=SETTING that the solver keeps (LAYER may have *), repeatable");
  app.add_option("--name", o.planName, "Name of the plan");
}

void addTarget(CLI::App& app, Options& o) { app.add_option("--target", o.target, "any or onnxruntime"); }

void addRepair(CLI::App& app, Options& o) {
  app.add_option("--repair", o.repair, "none, or bias, batchnorm, moments, eora (default: what helps on the calibration data)");
}

}  // namespace

Parsed parse(int argc, char** argv) {
  Parsed parsed;
  Options& o = parsed.options;
  CLI::App app{"Planish: compresses trained neural networks layer by layer", "planish-cli"};
  app.set_version_flag("--version", "planish-cli " PLANISH_VERSION);
  app.require_subcommand(0, 1);

  const auto command = [&](const char* name, const char* help) {
    CLI::App* sub = app.add_subcommand(name, help);
    addRun(*sub, o);
    sub->callback([&o, name] { o.command = name; });
    return sub;
  };
  auto* info = command("info", "Layers, shapes, bytes, what can run");
  info->add_option("network", o.network, "Network file")->required();

  auto* eval = command("eval", "Scores of a network on data");
  eval->add_option("network", o.network, "Network file")->required();
  eval->add_option("--reference", o.reference, "Network to compare with, sample by sample");
  eval->add_option("--metric", o.metrics, "top1, top5, loss, kl, nmse, cosine; comma separated")->delimiter(',');
  addData(*eval, o, true);

  auto* measure = command("measure", "Sensitivity tables into a project");
  measure->add_option("network", o.network, "Network file")->required();
  measure->add_option("-o,--project", o.project, "Project to create or add to")->required();
  measure->add_flag("--resume", o.resume, "Continue an unfinished job");
  addData(*measure, o, false);
  addMeasure(*measure, o);
  addTarget(*measure, o);

  auto* plan = command("plan", "A plan under a budget");
  plan->add_option("project", o.project, "Project")->required();
  plan->add_option("--budget", o.budget, "2.1MB, 860092B, 4.25bpw, 25% or loss:0.02")->required();
  plan->add_option("--metric", o.metrics, "Table to plan with (default: the first measured)")->delimiter(',');
  addPlan(*plan, o);
  addTarget(*plan, o);
  addRepair(*plan, o);

  auto* compress = command("compress", "Makes a plan real and judges it");
  compress->add_option("project", o.project, "Project")->required();
  compress->add_option("--plan", o.planName, "Name of the plan (default: the last made)");
  compress->add_flag("--resume", o.resume, "Continue an unfinished job");
  addRepair(*compress, o);

  auto* exporting = command("export", "Writes the compressed network for a runtime");
  exporting->add_option("project", o.project, "Project")->required();
  exporting->add_option("--to", o.to, "File to write")->required();
  exporting->add_option("--plan", o.planName, "Name of the plan (default: the last compressed)");
  addTarget(*exporting, o);

  auto* run = command("run", "measure, plan, compress and export in one");
  run->add_option("network", o.network, "Network file")->required();
  run->add_option("-o,--project", o.project, "Project to create or add to")->required();
  run->add_option("--budget", o.budget, "2.1MB, 860092B, 4.25bpw, 25% or loss:0.02")->required();
  run->add_option("--to", o.to, "File to write");
  run->add_flag("--resume", o.resume, "Continue an unfinished job");
  addData(*run, o, true);
  addMeasure(*run, o);
  addPlan(*run, o);
  addTarget(*run, o);
  addRepair(*run, o);

  auto* show = command("show", "Tables, plans, jobs and results of a project");
  show->add_option("project", o.project, "Project")->required();

  command("methods", "Every metric, solver, compressor and format with its parameters");

  auto* planExport = command("plan-export", "Writes a plan as JSON or CSV");
  planExport->add_option("project", o.project, "Project")->required();
  planExport->add_option("--plan", o.planName, "Name of the plan (default: the last made)");
  planExport->add_option("--to", o.to, "File to write (.json or .csv)")->required();

  auto* planImport = command("plan-import", "Reads a plan from JSON or CSV");
  planImport->add_option("project", o.project, "Project")->required();
  planImport->add_option("file", o.planFile, "Plan file")->required();
  planImport->add_option("--name", o.planName, "Name of the plan (default: the file's)");
  addTarget(*planImport, o);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.exitNow = 0;
    parsed.text = app.help();
    for (const CLI::App* sub : app.get_subcommands())
      if (sub->count_all() > 0) parsed.text = sub->help();
    return parsed;
  } catch (const CLI::CallForVersion&) {
    parsed.exitNow = 0;
    parsed.text = "planish-cli " PLANISH_VERSION "\n";
    return parsed;
  } catch (const CLI::ParseError& error) {
    std::vector<std::string> known;
    for (const CLI::App* sub : app.get_subcommands(nullptr)) known.push_back(sub->get_name());
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) throw unknownName("command", argv[1], known);
    throw Error(ErrorKind::usage, error.what()).remedy("planish-cli --help lists commands, planish-cli COMMAND --help its options");
  }
  if (o.command.empty()) {
    parsed.exitNow = 0;
    parsed.text = app.help();
  }
  return parsed;
}

}  // namespace planish::cli
