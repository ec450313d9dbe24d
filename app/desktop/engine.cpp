#include "app/desktop/engine.h"

#include "core/compute/device_text.h"
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
  return planish::deviceText(context);
}

}  // namespace planish::desktop
