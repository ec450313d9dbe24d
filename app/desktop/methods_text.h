#pragma once

#include "core/plugin/plugin_api.h"

#include <QString>

namespace planish::desktop {

/// The help page of every method, as Markdown, from what the methods declare of themselves.
QString methodsMarkdown(const PluginRegistries& plugins);

}  // namespace planish::desktop
