#include "app/cli/session.h"
#include "core/compute/device_library.h"
#include "core/plugin/loader.h"
#include "plugins/builtin_plugins.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <thread>
#include <unistd.h>

namespace planish::cli {
namespace {

std::atomic<int> g_signal = 0;
std::atomic<const Progress*> g_progress = nullptr;

/// The first signal asks for a stop at the next layer, the second leaves at once.
void onSignal(int signal) {
  if (g_signal.exchange(signal) != 0) ::_exit(128 + signal);
  if (const Progress* progress = g_progress) progress->requestStop();
}

void catchSignals() {
  struct sigaction action {};
  action.sa_handler = onSignal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const std::map<std::string, int (*)(Session&)>& commands() {
  static const std::map<std::string, int (*)(Session&)> all = {
      {"info", info}, {"eval", eval}, {"measure", measureCommand}, {"plan", planCommand}, {"compress", compressCommand}, {"export", exportCommand},
      {"run", run}, {"show", show}, {"methods", methods}, {"plan-export", planExport}, {"plan-import", planImport}};
  return all;
}

/// `count`: how many devices, from the one returned on. "cuda" means all there are.
Device parseDevice(const std::string& text, Output& output, int& count) {
  count = 1;
  if (text == "cpu") return {};
  Device device{DeviceKind::cuda, 0};
  if (text != "cuda") {
    const std::string number = text.rfind("cuda:", 0) == 0 ? text.substr(5) : "";
    if (number.empty() || number.size() > 4 || number.find_first_not_of("0123456789") != std::string::npos) throw unknownName("device", text, {"cpu", "cuda", "cuda:N"});
    device.index = std::stoi(number);
  }
  const DeviceDescription found = describeDevice(device.index);
  if (text == "cuda") count = static_cast<int>(deviceLibrary().engines->devices().size());
  output.message((count > 1 ? "cuda:0 to cuda:" + std::to_string(count - 1) + ", the first of them " : "cuda:" + std::to_string(device.index) + " is ") + found.name);
  return device;
}

int execute(Output& output, const Options& options) {
  PluginRegistries plugins;
  registerBuiltinPlugins(plugins);
  plugins.importRules.refuseWrongChecksums = options.checksums == "refuse";
  std::vector<std::pair<std::string, std::string>> failed;
  const char* variable = std::getenv("PLANISH_PLUGINS");
  const std::string folder = !options.pluginFolder.empty() ? options.pluginFolder : variable ? variable : "";
  if (!folder.empty())
    for (const auto& plugin : loadPlugins(folder, plugins))
      if (!plugin.problem.empty()) {
        failed.emplace_back(plugin.file.string(), plugin.problem);
        output.warning("plugin " + printable(plugin.file.string()) + ": " + plugin.problem);
      }
  Context context;
  context.device = parseDevice(options.device, output, context.deviceCount);
  context.threads = options.threads > 0 ? options.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  context.seed = options.seed;
  const Progress progress = output.progress();
  g_progress = &progress;
  Session session{options, output, plugins, failed, context, progress};
  int status = 1;
  try {
    status = commands().at(options.command)(session);
  } catch (...) {
    g_progress = nullptr;
    throw;
  }
  g_progress = nullptr;
  output.endProgress();
  return status;
}

/// Whether JSON was asked for, even where the rest of the command line is wrong.
bool asks(int argc, char** argv, const char* flag) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i)
    if (std::string_view(argv[i]) == flag) return true;
  return false;
}

}  // namespace
}  // namespace planish::cli

int main(int argc, char** argv) {
  using namespace planish;
  cli::catchSignals();
  cli::Output output(cli::asks(argc, argv, "--json"), cli::asks(argc, argv, "--jsonl"), cli::asks(argc, argv, "--quiet"));
  try {
    try {
      const cli::Parsed parsed = cli::parse(argc, argv);
      if (parsed.exitNow) {
        cli::Output(false, false, false).text(parsed.text);
        return *parsed.exitNow;
      }
      return cli::execute(output, parsed.options);
    } catch (const Cancelled&) {
      const int signal = cli::g_signal ? cli::g_signal.load() : SIGINT;
      output.endProgress();
      output.message("stopped; what was finished is kept, --resume continues");
      output.result({{"schema", 1}, {"error", {{"kind", "stopped"}, {"message", "stopped by a signal"}, {"file", ""}, {"where", ""}, {"remedy", "--resume continues"}}}});
      return 128 + signal;
    } catch (const std::bad_alloc&) {
      throw Error(ErrorKind::outOfMemory, "out of memory").remedy("use a smaller --batch or --limit");
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Error(ErrorKind::failed, error.what());
    }
  } catch (const Error& error) {
    try {
      output.error(error);
    } catch (const Error&) {  // standard output is full as well
    }
    return exitStatus(error.kind());
  }
}
