// A library that was built for another version of the plugin interface.
extern "C" int planish_plugin_api_version() { return -1; }
extern "C" void planish_plugin_entry() {}
