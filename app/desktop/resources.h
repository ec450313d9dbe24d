#pragma once

#include <QString>

namespace planish::desktop {

/// A file of resources/: beside the installed program (../share/planish), or in the source tree the program was built in. Empty where
/// it is in neither.
QString resourcePath(const QString& name);

}  // namespace planish::desktop
