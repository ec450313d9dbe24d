#include "views/data/sample_model.h"

#include "views/base/numbers.h"

#include <algorithm>

namespace planish::views {

SampleModel::SampleModel(SampleLoader* loader, QObject* parent) : QAbstractTableModel(parent), m_loader(loader) {
  connect(loader, &SampleLoader::ready, this, [this](int sample) {
    const int row = rowOf(sample);
    if (row >= 0) Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
  });
}

void SampleModel::setContent(std::shared_ptr<const BatchSource> source, std::shared_ptr<const Answers> answers) {
  beginResetModel();
  m_source = std::move(source);
  m_answers = std::move(answers);
  m_classes = m_source ? m_source->dataset().classNames() : std::vector<std::string>();
  if (m_source && m_answers && static_cast<std::int64_t>(m_answers->samples.size()) > m_source->count()) m_answers.reset();  // of other data
  arrange();
  endResetModel();
}

void SampleModel::setFilter(Filter filter) {
  if (filter == m_filter) return;
  beginResetModel();
  m_filter = filter;
  arrange();
  endResetModel();
}

const Answers::Sample* SampleModel::answer(int sample) const {
  return m_answers && sample >= 0 && static_cast<std::size_t>(sample) < m_answers->samples.size()
             ? &m_answers->samples[static_cast<std::size_t>(sample)]
             : nullptr;
}

int SampleModel::labelOf(int sample) const {
  if (!m_source || sample < 0) return -1;
  const auto& labels = m_source->dataset().labels();
  return static_cast<std::size_t>(sample) < labels.size() ? static_cast<int>(labels[static_cast<std::size_t>(sample)]) : -1;
}

bool SampleModel::passes(int sample, Filter filter) const {
  if (filter == Filter::all) return true;
  const auto* own = answer(sample);
  if (!own) return false;
  if (filter == Filter::changed) return own->changed();
  const int said = own->compressed >= 0 ? own->compressed : own->original;
  return labelOf(sample) >= 0 && said != labelOf(sample);
}

void SampleModel::arrange() {
  m_rows.clear();
  m_counts = {};
  const int count = m_source ? static_cast<int>(m_source->count()) : 0;
  for (int sample = 0; sample < count; ++sample) {
    for (const auto filter : {Filter::all, Filter::changed, Filter::wrong})
      m_counts[static_cast<std::size_t>(filter)] += passes(sample, filter);
    if (passes(sample, m_filter)) m_rows.push_back(sample);
  }
  std::stable_partition(m_rows.begin(), m_rows.end(), [this](int sample) { return passes(sample, Filter::changed); });
  m_place.assign(static_cast<std::size_t>(count), -1);
  for (std::size_t row = 0; row < m_rows.size(); ++row)
    m_place[static_cast<std::size_t>(m_rows[row])] = static_cast<int>(row);
}

int SampleModel::rowOf(int sample) const {
  return sample >= 0 && sample < static_cast<int>(m_place.size()) ? m_place[static_cast<std::size_t>(sample)] : -1;
}

QString SampleModel::className(int index) const {
  if (index < 0) return {};
  return static_cast<std::size_t>(index) < m_classes.size() ? plainName(m_classes[static_cast<std::size_t>(index)], 40) : QString::number(index);
}

int SampleModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int SampleModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : firstNumber + SampleLoader::kNumbers;
}

QString SampleModel::describe(int sample) const {
  QString text = tr("Sample %1").arg(sample);
  if (labelOf(sample) >= 0) text += tr("\nlabel %1").arg(className(labelOf(sample)));
  if (const auto* own = answer(sample)) {
    text += tr("\noriginal: %1 (%2 %)").arg(className(own->original), numberText(own->originalProbability * 100));
    if (own->compressed >= 0)
      text += tr("\ncompressed: %1 (%2 %)\nKL %3 nats")
                  .arg(className(own->compressed), numberText(own->compressedProbability * 100), numberText(own->kl));
  }
  return text;
}

QVariant SampleModel::text(int sample, int column) const {
  const auto* own = answer(sample);
  switch (column) {
  case number:
    return sample;
  case label:
    return className(labelOf(sample));
  case original:
    return own ? className(own->original) : QString();
  case compressed:
    return own ? className(own->compressed) : QString();
  case kl:
    return own && own->compressed >= 0 ? numberText(own->kl) : QString();
  default: {
    const auto* preview = m_loader->preview(sample);
    const auto at = static_cast<std::size_t>(column - firstNumber);
    return preview && at < preview->numbers.size() ? numberText(preview->numbers[at], 4) : QString();
  }
  }
}

QVariant SampleModel::data(const QModelIndex& index, int role) const {
  const int sample = sampleAt(index.row());
  if (sample < 0) return {};
  const auto* own = answer(sample);
  switch (role) {
  case Qt::DisplayRole:
    return text(sample, index.column());
  case Qt::TextAlignmentRole:
    return QVariant(index.column() == number || index.column() >= kl ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
  case Qt::ToolTipRole:
    return QStringLiteral("<p style='white-space:pre'>") + describe(sample).toHtmlEscaped() + QStringLiteral("</p>");
  case Qt::AccessibleTextRole:
    return describe(sample).replace(u'\n', QStringLiteral(", "));
  case pictureRole: {
    const auto* preview = m_loader->preview(sample);
    return preview ? QVariant(preview->picture) : QVariant();
  }
  case sampleRole:
    return sample;
  case changedRole:
    return own && own->changed();
  case wrongRole:
    return passes(sample, Filter::wrong);
  case labelRole:
    return className(labelOf(sample));
  case originalRole:
    return own ? className(own->original) : QString();
  case compressedRole:
    return own ? className(own->compressed) : QString();
  default:
    return {};
  }
}

QVariant SampleModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
  static const QString names[] = {tr("sample"), tr("label"), tr("original"), tr("compressed"), tr("KL")};
  return section < firstNumber ? names[section] : QString::number(section - firstNumber);
}

}  // namespace planish::views
