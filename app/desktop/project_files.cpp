#include "app/desktop/project_files.h"

#include "app/desktop/places.h"

#include <QDir>
#include <QEventLoop>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QTimer>

#include <csignal>
#include <unistd.h>

namespace planish::desktop {
namespace {

/// One copy a session: the process id tells a crash from a session that is running.
QString sessionName() { return QStringLiteral("session-%1").arg(::getpid()); }

bool isRunning(qint64 pid) { return pid > 0 && ::kill(static_cast<pid_t>(pid), 0) == 0; }

}  // namespace

ProjectFiles::ProjectFiles(Document& document, QObject* parent) : QObject(parent), m_document(document), m_timer(new QTimer(this)) {
  m_pool.setMaxThreadCount(1);
  m_timer->setSingleShot(true);
  connect(m_timer, &QTimer::timeout, this, &ProjectFiles::writeRecovery);
  connect(&document, &Document::changed, this, [this](Changes changes) {
    if (changes & (Change::plan | Change::tables | Change::results | Change::budget | Change::plans | Change::data)) noteChange();
  });
}

ProjectFiles::~ProjectFiles() { m_pool.waitForDone(); }

void ProjectFiles::save(const QString& path) {
  ++m_saving;
  auto project = std::make_shared<const Project>(m_document.projectToSave());
  const int revision = m_document.planRevision();
  m_pool.start([this, path, project, revision] {
    QString message, remedy;
    try {
      saveProject(*project, path.toStdString());
    } catch (const Error& error) {
      message = QString::fromStdString(error.message());
      remedy = QString::fromStdString(error.remedyText());
    } catch (const std::exception& error) {
      message = QString::fromUtf8(error.what());
    }
    QMetaObject::invokeMethod(this, [this, path, message, remedy, revision] {
      --m_saving;
      if (!message.isEmpty()) {
        Q_EMIT failed(path, message, remedy);
        return;
      }
      if (revision == m_document.planRevision()) {
        m_document.markSaved(path);
        dropRecovery();
      } else {
        m_document.setFile(path);  // edited while it was written: still modified
      }
      Q_EMIT saved(path);
    }, Qt::QueuedConnection);
  });
}

void ProjectFiles::waitForSave() {
  QEventLoop loop;
  QTimer poll;
  connect(&poll, &QTimer::timeout, &loop, [&] {
    if (m_saving == 0) loop.quit();
  });
  poll.start(10);
  if (m_saving > 0) loop.exec();
}

bool ProjectFiles::lock(const QString& path, QString* reason) {
  if (path == m_lockedPath) return true;
  try {
    auto fresh = std::make_unique<ProjectLock>(path.toStdString());
    m_lock = std::move(fresh);
    m_lockedPath = path;
    return true;
  } catch (const Error& error) {
    if (reason) *reason = QString::fromStdString(error.message());
    return false;
  }
}

void ProjectFiles::unlock() {
  m_lock.reset();
  m_lockedPath.clear();
}

QString ProjectFiles::recoveryCopy() const {
  const QString folder = recoveryFolder();
  return folder.isEmpty() ? QString() : folder + QLatin1Char('/') + sessionName() + QStringLiteral(".planish");
}

void ProjectFiles::noteChange() {
  // Whether there is something to keep is seen when the time is up: a command that is being done is not in the undo stack yet.
  if (!m_paused && !m_timer->isActive()) m_timer->start(m_delay * 1000);
}

void ProjectFiles::writeRecovery() {
  const QString copy = recoveryCopy();
  if (copy.isEmpty() || !m_document.modified() || m_paused) return;
  QJsonObject about;
  about[QStringLiteral("pid")] = static_cast<qint64>(::getpid());
  about[QStringLiteral("original")] = m_document.workspace().file;
  about[QStringLiteral("title")] = QString::fromStdString(m_document.workspace().project.network.name);
  about[QStringLiteral("time")] = QDateTime::currentDateTime().toString(Qt::ISODate);
  auto project = std::make_shared<const Project>(m_document.projectToSave());
  m_pool.start([copy, about, project] {
    try {
      saveProject(*project, copy.toStdString());
    } catch (const std::exception&) {
      return;  // the next change tries again; the project itself is untouched
    }
    QSaveFile file(copy + QStringLiteral(".json"));
    if (file.open(QIODevice::WriteOnly)) {
      file.write(QJsonDocument(about).toJson());
      file.commit();
    }
  });
}

void ProjectFiles::dropRecovery() {
  m_timer->stop();
  m_pool.waitForDone();
  const QString copy = recoveryCopy();
  if (copy.isEmpty()) return;
  QFile::remove(copy);
  QFile::remove(copy + QStringLiteral(".json"));
}

std::vector<ProjectFiles::Left> ProjectFiles::leftBehind() {
  std::vector<Left> found;
  const QDir folder(recoveryFolder());
  for (const auto& entry : folder.entryInfoList({QStringLiteral("session-*.planish.json")}, QDir::Files, QDir::Time)) {
    QFile file(entry.filePath());
    if (!file.open(QIODevice::ReadOnly)) continue;
    const QJsonObject about = QJsonDocument::fromJson(file.readAll()).object();
    const QString copy = entry.filePath().chopped(5);
    if (!QFileInfo::exists(copy) || isRunning(about[QStringLiteral("pid")].toInteger())) continue;
    found.push_back({copy, about[QStringLiteral("original")].toString(), about[QStringLiteral("title")].toString(),
                     QDateTime::fromString(about[QStringLiteral("time")].toString(), Qt::ISODate)});
  }
  return found;
}

void ProjectFiles::discard(const Left& left) {
  QFile::remove(left.copy);
  QFile::remove(left.copy + QStringLiteral(".json"));
}

}  // namespace planish::desktop
