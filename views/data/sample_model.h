#pragma once

#include "core/jobs/answers_job.h"
#include "views/data/sample_loader.h"

#include <QAbstractTableModel>

#include <array>
#include <memory>
#include <vector>

namespace planish::views {

/// Samples of one data source with what the networks said of them; changed answers first. One row a sample; column 0 is what the grid shows, the
/// others are for the table of data without pictures.
class SampleModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum class Filter { all, changed, wrong };
  enum Column { number, label, original, compressed, kl, firstNumber };
  enum Role { pictureRole = Qt::UserRole, sampleRole, changedRole, wrongRole, labelRole, originalRole, compressedRole };

  explicit SampleModel(SampleLoader* loader, QObject* parent = nullptr);
  void setContent(std::shared_ptr<const BatchSource> source, std::shared_ptr<const Answers> answers);
  void setFilter(Filter filter);
  Filter filter() const { return m_filter; }
  /// How many samples a filter would show.
  int count(Filter filter) const { return m_counts[static_cast<std::size_t>(filter)]; }
  int sampleAt(int row) const { return row >= 0 && row < static_cast<int>(m_rows.size()) ? m_rows[static_cast<std::size_t>(row)] : -1; }
  int rowOf(int sample) const;
  /// Name of a class as the data has it, else its number; empty for -1.
  QString className(int index) const;
  const Answers::Sample* answer(int sample) const;
  int labelOf(int sample) const;
  QString describe(int sample) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  bool passes(int sample, Filter filter) const;
  void arrange();
  QVariant text(int sample, int column) const;
  SampleLoader* m_loader;
  std::shared_ptr<const BatchSource> m_source;
  std::shared_ptr<const Answers> m_answers;
  std::vector<std::string> m_classes;
  Filter m_filter = Filter::all;
  std::vector<int> m_rows, m_place;  ///< samples by row; row by sample, -1: filtered out
  std::array<int, 3> m_counts{};
};

}  // namespace planish::views
