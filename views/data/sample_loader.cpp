#include "views/data/sample_loader.h"

#include "core/tensor/element.h"

#include <QPointer>

#include <algorithm>
#include <exception>

namespace planish::views {
namespace {

constexpr int kPreviews = 4096, kAtOnce = 16, kLongestQueue = 512, kDetailSide = 512;

SamplePreview previewOf(const BatchSource& source, int index) {
  SamplePreview preview;
  try {
    const Dataset& data = source.dataset();
    const Tensor sample = data.sample(data.arrays().at(0), index);
    if (const auto form = pictureForm(sample.shape(), data.order(), source.preprocessing().layout)) {
      preview.picture = pictureOf(sample, *form, SampleLoader::kThumbnail);
    } else {
      const Tensor plain = toPlain(sample);
      const ElementReader values(plain);
      for (std::int64_t i = 0; i < std::min<std::int64_t>(plain.count(), SampleLoader::kNumbers); ++i) preview.numbers.push_back(values.number(i));
    }
  } catch (const std::exception& error) {
    preview.problem = QString::fromUtf8(error.what());
  }
  return preview;
}

SampleDetail detailOf(const BatchSource& source, int index) {
  SampleDetail detail;
  detail.sample = index;
  try {
    const Dataset& data = source.dataset();
    const Tensor raw = data.sample(data.arrays().at(0), index);
    detail.rawNumbers = summaryOf(raw);
    if (const auto form = pictureForm(raw.shape(), data.order(), source.preprocessing().layout)) detail.raw = pictureOf(raw, *form, kDetailSide);
    const Batch batch = source.samples(index, 1);
    if (batch.inputs.empty()) return detail;
    const Tensor given = toPlain(batch.inputs.begin()->second);
    const Tensor prepared = given.reshaped(Shape(std::vector<std::int64_t>(given.shape().dims().begin() + 1, given.shape().dims().end())));
    detail.preparedNumbers = summaryOf(prepared);
    if (detail.raw.isNull()) return detail;
    if (const auto form = pictureForm(prepared.shape(), Dataset::Order::channelsFirst, {})) detail.prepared = pictureOf(prepared, *form, kDetailSide);
  } catch (const std::exception& error) {
    detail.problem = QString::fromUtf8(error.what());
  }
  return detail;
}

}  // namespace

SampleLoader::SampleLoader(QObject* parent) : QObject(parent), m_cache(kPreviews) { m_pool.setMaxThreadCount(1); }

SampleLoader::~SampleLoader() {
  ++*m_generation;
  m_pool.clear();
  m_pool.waitForDone();
}

void SampleLoader::setSource(std::shared_ptr<const BatchSource> source) {
  ++*m_generation;
  m_source = std::move(source);
  m_cache.clear();
  m_waiting.clear();
  m_reading = false;
}

const SamplePreview* SampleLoader::preview(int sample) {
  if (const auto* known = m_cache.object(sample)) return known;
  if (!m_source || sample < 0 || sample >= m_source->count()) return nullptr;
  std::erase(m_waiting, sample);
  m_waiting.push_back(sample);
  // What has been scrolled away long ago is not read.
  if (m_waiting.size() > kLongestQueue) m_waiting.erase(m_waiting.begin(), m_waiting.end() - kLongestQueue);
  if (!m_reading) next();
  return nullptr;
}

void SampleLoader::next() {
  m_reading = !m_waiting.empty() && m_source;
  if (!m_reading) return;
  std::vector<int> some;
  while (!m_waiting.empty() && some.size() < kAtOnce) {
    some.push_back(m_waiting.back());
    m_waiting.pop_back();
  }
  m_pool.start([this, some, source = m_source, generation = m_generation, now = m_generation->load()] {
    std::vector<SamplePreview> previews;
    for (const int sample : some) {
      if (*generation != now) return;
      previews.push_back(previewOf(*source, sample));
    }
    // The destructor waits for this thread, and events for an object that is gone are dropped.
    QMetaObject::invokeMethod(this, [this, some, previews = std::move(previews), now] {
      if (*m_generation != now) return;
      for (std::size_t i = 0; i < some.size(); ++i) {
        m_cache.insert(some[i], new SamplePreview(previews[i]));
        Q_EMIT ready(some[i]);
      }
      next();
    }, Qt::QueuedConnection);
  });
}

void SampleLoader::askDetail(int sample) {
  if (!m_source || sample < 0 || sample >= m_source->count()) return;
  m_pool.start([this, sample, source = m_source, generation = m_generation, now = m_generation->load()] {
    if (*generation != now) return;
    QMetaObject::invokeMethod(this, [this, detail = detailOf(*source, sample), now] {
      if (*m_generation == now) Q_EMIT detailReady(detail);
    }, Qt::QueuedConnection);
  }, 1);
}

}  // namespace planish::views
