# Layout of the graph. Graphviz has no CMake configuration of its own.
find_package(PkgConfig REQUIRED)
pkg_check_modules(graphviz REQUIRED IMPORTED_TARGET libgvc libcgraph)
list(APPEND libraries PkgConfig::graphviz)
