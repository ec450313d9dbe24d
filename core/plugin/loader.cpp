#include "core/plugin/loader.h"

#include <algorithm>
#include <dlfcn.h>

namespace planish {
namespace {

std::string load(const std::filesystem::path& file, PluginRegistries& registries) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return ::dlerror();
  const auto version = reinterpret_cast<int (*)()>(::dlsym(library, "planish_plugin_api_version"));
  const auto entry = reinterpret_cast<void (*)(PluginRegistries&)>(::dlsym(library, "planish_plugin_entry"));
  if (!version || !entry) {
    ::dlclose(library);
    return "not a plugin: it has no planish_plugin_api_version or no planish_plugin_entry";
  }
  if (version() != kPluginApiVersion) {
    const std::string found = std::to_string(version());
    ::dlclose(library);
    return "built for plugin interface " + found + ", this program has " + std::to_string(kPluginApiVersion) + "; build it again";
  }
  try {
    entry(registries);
  } catch (const Error& error) {
    return error.what();  // the library stays loaded: what it registered before may be in use
  }
  return {};
}

}  // namespace

std::vector<LoadedPlugin> loadPlugins(const std::filesystem::path& folder, PluginRegistries& registries) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".so") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<LoadedPlugin> loaded;
  for (const auto& file : files) loaded.push_back({file, load(file, registries)});
  return loaded;
}

}  // namespace planish
