#pragma once

#include "app/desktop/document.h"

#include <QThreadPool>

#include <memory>

namespace planish::desktop {

/// Saving, locking and recovery. A save takes a copy of the project and writes it off the GUI thread; while the document has unsaved
/// changes, a copy goes to the recovery folder two seconds after a change (or as the settings say). GUI thread only.
class ProjectFiles : public QObject {
  Q_OBJECT

 public:
  explicit ProjectFiles(Document& document, QObject* parent = nullptr);
  /// Waits for a save that is under way.
  ~ProjectFiles() override;

  /// Writes to `path` and makes it the document's file. `saved` or `failed` follows.
  void save(const QString& path);
  /// Returns when nothing is being written any more, keeping the window alive meanwhile.
  void waitForSave();
  bool saving() const { return m_saving > 0; }

  /// Takes the lock of a project for this session. False where another process holds it, with the reason.
  bool lock(const QString& path, QString* reason);
  void unlock();

  /// Deletes the recovery copy of this session: after a verified save, or when the user discards.
  void dropRecovery();
  /// From a change to the recovery copy that has it.
  void setRecoveryDelay(int seconds) { m_delay = seconds; }
  void pauseRecovery(bool paused) { m_paused = paused; }

  /// A recovery copy of a session that is no longer running.
  struct Left {
    QString copy;      ///< the project to open
    QString original;  ///< where it was saved last; empty: never
    QString title;
    QDateTime time;
  };
  static std::vector<Left> leftBehind();
  static void discard(const Left& left);

 Q_SIGNALS:
  void saved(const QString& path);
  void failed(const QString& path, const QString& message, const QString& remedy);

 private:
  void noteChange();
  void writeRecovery();
  QString recoveryCopy() const;

  Document& m_document;
  QThreadPool m_pool;
  std::unique_ptr<ProjectLock> m_lock;
  QString m_lockedPath;
  class QTimer* m_timer;
  int m_saving = 0, m_delay = 2;
  bool m_paused = false;
};

}  // namespace planish::desktop
