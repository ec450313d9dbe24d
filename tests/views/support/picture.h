#pragma once

#include <QDir>
#include <QPixmap>
#include <QWidget>

namespace planish::views {

/// Keeps what a widget looks like as <name>.png in the folder PLANISH_PICTURES names, for people to look at; nothing where it names none.
inline void keepPicture(QWidget& widget, const QString& name) {
  const QString folder = qEnvironmentVariable("PLANISH_PICTURES");
  if (!folder.isEmpty() && QDir().mkpath(folder)) widget.grab().save(folder + QLatin1Char('/') + name + QLatin1String(".png"));
}

}  // namespace planish::views
