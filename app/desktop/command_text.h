#pragma once

#include "core/project/project.h"

#include <QString>

#include <optional>

namespace planish::desktop {

/// "Copy as command": the same work for a terminal.

/// An argument as a shell reads it: quoted where needed.
QString shellWord(const std::string& text);
/// --data, --x, --y, --calibration..., --limit, --batch and the options of preprocessing, each with a space before it.
QString dataArguments(const std::optional<DataReference>& data, const std::optional<DataReference>& calibration);
QString passArguments(const NetworkReference& network);

}  // namespace planish::desktop
