#include "plugins/builtin_plugins.h"

int main() {
  planish::PluginRegistries registries;
  planish::registerBuiltinPlugins(registries);
  return 0;
}
