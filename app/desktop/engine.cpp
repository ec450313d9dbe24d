#include "app/desktop/engine.h"

#include "core/plugin/loader.h"
#include "plugins/builtin_plugins.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace planish::desktop {

Engine Engine::load() {
  Engine engine;
  registerBuiltinPlugins(engine.plugins);
  if (const char* folder = std::getenv("PLANISH_PLUGINS"); folder && *folder)
    for (const auto& plugin : loadPlugins(folder, engine.plugins))
      if (!plugin.problem.empty()) engine.failedPlugins.emplace_back(plugin.file.string(), plugin.problem);
  engine.context.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return engine;
}

std::string Engine::deviceText() const {
  if (context.device.kind == DeviceKind::cuda) return "cuda:" + std::to_string(context.device.index) + " and CPU, " + std::to_string(context.threads) + (context.threads == 1 ? " thread" : " threads");
  return "CPU, " + std::to_string(context.threads) + (context.threads == 1 ? " thread" : " threads");
}

}  // namespace planish::desktop
