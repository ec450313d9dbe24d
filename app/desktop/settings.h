#pragma once

#include "app/desktop/style.h"
#include "core/compute/context.h"

#include <string>

namespace planish::desktop {

/// What the user has chosen once for all projects; kept in the settings file. Whatever is missing or makes no sense there has its default.
struct Settings {
  Appearance appearance = Appearance::system;
  int threads = 0;             ///< 0: as many as the machine has cores
  int memoryMebibytes = 0;     ///< for values that jobs keep; 0: the engine's own limit
  int autosaveSeconds = 2;     ///< from the first change to the recovery copy
  std::string device = "cpu";  ///< "cpu", "cuda:0"
  bool refuseWrongChecksums = false;  ///< of weights beside a network; false: they are warned of

  static constexpr int kLeastMemory = 64, kMostMemory = 1 << 20, kMostThreads = 1024, kMostAutosave = 3600;

  static Settings load();
  /// False where the file cannot be written: the settings hold for this session only.
  bool save() const;
  /// How jobs compute. Throws Error where the device is not there.
  Context context() const;
  bool operator==(const Settings&) const = default;
};

}  // namespace planish::desktop
