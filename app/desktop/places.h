#pragma once

#include <QString>

namespace planish::desktop {

/// Folders of the XDG base directory specification, ending in "planish"; relative values of the variables are ignored. Made on demand:
/// an empty text means that the folder cannot be made (then nothing is remembered, and nothing fails).
QString settingsFile();  ///< $XDG_CONFIG_HOME/planish/planish.conf
QString stateFolder();   ///< $XDG_STATE_HOME/planish: layout, recent files, recovery
QString recoveryFolder();

}  // namespace planish::desktop
