#include "app/desktop/places.h"

#include <QDir>

namespace planish::desktop {
namespace {

QString base(const char* variable, const char* underHome) {
  const QString value = qEnvironmentVariable(variable);
  return QDir::isAbsolutePath(value) ? value : QDir::homePath() + QLatin1Char('/') + QLatin1String(underHome);
}

QString made(const QString& folder) { return QDir().mkpath(folder) ? folder : QString(); }

}  // namespace

QString settingsFile() {
  const QString folder = made(base("XDG_CONFIG_HOME", ".config") + QStringLiteral("/planish"));
  return folder.isEmpty() ? QString() : folder + QStringLiteral("/planish.conf");
}

QString stateFolder() { return made(base("XDG_STATE_HOME", ".local/state") + QStringLiteral("/planish")); }

QString recoveryFolder() {
  const QString state = stateFolder();
  return state.isEmpty() ? QString() : made(state + QStringLiteral("/recovery"));
}

}  // namespace planish::desktop
