#include "app/desktop/request_handler.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace planish::desktop {
namespace {

constexpr qint64 kMostBytes = 64 << 20;

void put(views::Overlay& overlay, const Layers& layers, const QString& name, double value) {
  const std::string key = name.toStdString();
  if (layers.find(key)) overlay.values[key] = value;
  else ++overlay.unmatched;
}

void readJson(views::Overlay& overlay, const Layers& layers, const QByteArray& bytes, const QString& path) {
  QJsonParseError problem;
  const QJsonDocument document = QJsonDocument::fromJson(bytes, &problem);
  if (document.isNull())
    throw Error(ErrorKind::invalidInput, "not JSON: " + problem.errorString().toStdString()).in(path.toStdString()).at("byte " + std::to_string(problem.offset));
  if (document.isObject()) {
    const QJsonObject object = document.object();
    for (auto it = object.begin(); it != object.end(); ++it)
      if (it.value().isDouble()) put(overlay, layers, it.key(), it.value().toDouble());
    return;
  }
  for (const auto& entry : document.array()) {
    const QJsonObject object = entry.toObject();
    const QString name = object.contains(QLatin1String("layer")) ? object[QLatin1String("layer")].toString() : object[QLatin1String("name")].toString();
    if (object[QLatin1String("value")].isDouble()) put(overlay, layers, name, object[QLatin1String("value")].toDouble());
  }
}

void readCsv(views::Overlay& overlay, const Layers& layers, const QByteArray& bytes, const QString& path) {
  int number = 0;
  for (const QByteArray& line : bytes.split('\n')) {
    ++number;
    const QString text = QString::fromUtf8(line).trimmed();
    if (text.isEmpty()) continue;
    const qsizetype comma = text.lastIndexOf(QLatin1Char(','));
    bool fine = false;
    const double value = text.mid(comma + 1).trimmed().toDouble(&fine);
    if (comma > 0 && fine) {
      QString name = text.left(comma).trimmed();
      if (name.size() >= 2 && name.startsWith(QLatin1Char('"')) && name.endsWith(QLatin1Char('"'))) name = name.mid(1, name.size() - 2).replace(QLatin1String("\"\""), QLatin1String("\""));
      put(overlay, layers, name, value);
    } else if (number > 1) {
      throw Error(ErrorKind::invalidInput, "expected LAYER,NUMBER, found '" + printable(text.toStdString()) + "'").in(path.toStdString()).at("line " + std::to_string(number));
    }
  }
}

}  // namespace

views::Overlay readOverlay(const QString& path, const Layers& layers) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) throw Error(ErrorKind::invalidInput, "cannot be read: " + file.errorString().toStdString()).in(path.toStdString());
  if (file.size() > kMostBytes) throw Error(ErrorKind::invalidInput, "expected a small table of numbers, found " + std::to_string(file.size()) + " bytes").in(path.toStdString());
  const QByteArray bytes = file.readAll();
  views::Overlay overlay;
  overlay.name = QFileInfo(path).completeBaseName();
  const QByteArray begin = bytes.trimmed().left(1);
  if (begin == "{" || begin == "[") readJson(overlay, layers, bytes, path);
  else readCsv(overlay, layers, bytes, path);
  if (overlay.values.empty())
    throw Error(ErrorKind::invalidInput, "no line names a layer of this network").in(path.toStdString()).remedy("write LAYER,NUMBER lines, or a JSON object from layer names to numbers");
  return overlay;
}

}  // namespace planish::desktop
