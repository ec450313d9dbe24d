#pragma once

#include <QStringList>
#include <QWidget>

class QVBoxLayout;

namespace planish::desktop {

/// What stands in the window while nothing is open: the demos, recent projects, and where to drop a file.
class WelcomePage : public QWidget {
  Q_OBJECT

 public:
  explicit WelcomePage(QWidget* parent = nullptr);
  /// Full paths, most recent first. Whether a file is still there is looked up when it is clicked, not here.
  void setRecent(const QStringList& paths);

 Q_SIGNALS:
  void demoChosen(const QString& name);  ///< "glyphs" or "digits"
  void recentChosen(const QString& path);
  void openAsked();

 private:
  QVBoxLayout* m_recent;
};

}  // namespace planish::desktop
