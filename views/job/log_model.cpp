#include "views/job/log_model.h"

#include "views/base/theme.h"

namespace planish::views {

QString levelName(LogLine::Level level) {
  switch (level) {
    case LogLine::Level::message: return LogModel::tr("message");
    case LogLine::Level::warning: return LogModel::tr("warning");
    case LogLine::Level::error: return LogModel::tr("error");
  }
  return {};
}

QString lineText(const LogLine& line) {
  return line.time.toString(QStringLiteral("HH:mm:ss")) + QLatin1String("  ") + levelName(line.level) + QLatin1String("  ") + line.text;
}

void LogModel::takeOver() {
  const int now = static_cast<int>(m_lines.size());
  if (now < m_shown) {
    beginResetModel();
    m_shown = now;
    endResetModel();
  } else if (now > m_shown) {
    beginInsertRows({}, m_shown, now - 1);
    m_shown = now;
    endInsertRows();
  }
}

QVariant LogModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= m_shown || static_cast<std::size_t>(index.row()) >= m_lines.size()) return {};
  const LogLine& shown = line(index.row());
  if (role == Qt::DisplayRole) switch (index.column()) {
      case time: return shown.time.toString(QStringLiteral("HH:mm:ss"));
      case level: return shown.level == LogLine::Level::message ? QString() : levelName(shown.level);
      case text: return shown.text.section(QLatin1Char('\n'), 0, 0);
      default: return {};
    }
  if (role == Qt::FontRole && index.column() == time) return digitFont();
  if (role == Qt::ForegroundRole) {
    const Theme& theme = Theme::of(static_cast<const QWidget*>(nullptr));
    if (index.column() == time) return theme.label;
    if (shown.level == LogLine::Level::error) return theme.error;
    if (shown.level == LogLine::Level::warning) return theme.limit;
  }
  if (role == Qt::ToolTipRole) return QStringLiteral("<p style='white-space:pre-wrap'>%1</p>").arg(shown.text.toHtmlEscaped());
  return {};
}

QVariant LogModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == time ? tr("time") : section == level ? tr("level") : tr("text");
}

void LogFilter::setWanted(const QString& text, LogLine::Level least) {
  m_text = text;
  m_least = least;
  invalidateFilter();
}

bool LogFilter::filterAcceptsRow(int row, const QModelIndex&) const {
  const LogLine& line = static_cast<const LogModel*>(sourceModel())->line(row);
  return line.level >= m_least && (m_text.isEmpty() || line.text.contains(m_text, Qt::CaseInsensitive));
}

}  // namespace planish::views
