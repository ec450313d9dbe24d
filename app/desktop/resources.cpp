#include "app/desktop/resources.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>

namespace planish::desktop {

QString resourcePath(const QString& name) {
  const QDir program(QCoreApplication::applicationDirPath());
  for (const char* place : {"../share/planish", "../../../resources", "../../resources"}) {
    const QFileInfo found(program.filePath(QLatin1String(place) + QLatin1Char('/') + name));
    if (found.exists()) return found.canonicalFilePath();
  }
  return {};
}

}  // namespace planish::desktop
