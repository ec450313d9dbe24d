#pragma once

#include "core/data/batch_source.h"
#include "views/data/sample_picture.h"

#include <QCache>
#include <QHash>
#include <QObject>
#include <QThreadPool>

#include <atomic>
#include <memory>
#include <vector>

namespace planish::views {

/// What the grid shows of a sample.
struct SamplePreview {
  QImage picture;               ///< null for samples that are no pictures, and for damaged ones
  std::vector<double> numbers;  ///< the first of samples that are no pictures
  QString problem;              ///< of a damaged sample
};

/// One sample closely: as stored, and as the network gets it.
struct SampleDetail {
  int sample = -1;
  QImage raw, prepared;
  NumberSummary rawNumbers, preparedNumbers;
  QString problem;
};

/// Reads samples on a thread of its own, keeps the last 4 096 previews. What was asked for last is read first; asking for other data
/// forgets everything.
class SampleLoader : public QObject {
  Q_OBJECT

 public:
  explicit SampleLoader(QObject* parent = nullptr);
  ~SampleLoader() override;
  void setSource(std::shared_ptr<const BatchSource> source);
  /// nullptr while it is being read; ready() tells when it is there.
  const SamplePreview* preview(int sample);
  void askDetail(int sample);

  static constexpr int kThumbnail = 96, kNumbers = 16;

 Q_SIGNALS:
  void ready(int sample);
  void detailReady(const planish::views::SampleDetail& detail);

 private:
  void next();
  std::shared_ptr<const BatchSource> m_source;
  std::shared_ptr<std::atomic<int>> m_generation = std::make_shared<std::atomic<int>>(0);
  QCache<int, SamplePreview> m_cache;
  std::vector<int> m_waiting;  ///< the last is read next
  bool m_reading = false;
  QThreadPool m_pool;
};

}  // namespace planish::views
