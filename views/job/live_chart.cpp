#include "views/job/live_chart.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/charts/axes.h"
#include "views/job/line_label.h"
#include "views/job/job_text.h"
#include "views/job/live_marks.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLineSeries>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

double factorOf(const std::string& score) { return scoreUnit(score) == QLatin1String("%") ? 100 : 1; }

QString unitSuffix(const std::string& score) { return scoreUnit(score).isEmpty() ? QString() : QStringLiteral(" (%1)").arg(scoreUnit(score)); }

const Estimate* estimateIn(const std::map<std::string, Estimate>& estimates, const std::string& id) {
  const auto found = estimates.find(id);
  return found == estimates.end() ? nullptr : &found->second;
}

}  // namespace

LiveChart::LiveChart(QWidget* parent)
    : QWidget(parent), m_caption(new LineLabel(this)), m_head(new QHBoxLayout), m_buttons(new QButtonGroup(this)),
      m_panel(new ChartPanel(tr("Accuracy while the job runs"), this)), m_x(new QValueAxis), m_y(new QValueAxis) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  m_caption->setFont(labelFont());
  m_caption->setForegroundRole(QPalette::PlaceholderText);
  m_caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_head->setSpacing(0);
  m_head->addWidget(m_caption, 1);
  layout->addLayout(m_head);
  layout->addWidget(m_panel, 1);

  QChart* chart = m_panel->chart();
  auto* carrier = new QLineSeries;  // axes need a series
  chart->addSeries(carrier);
  chart->addAxis(m_x, Qt::AlignBottom);
  chart->addAxis(m_y, Qt::AlignLeft);
  carrier->attachAxis(m_x);
  carrier->attachAxis(m_y);
  m_x->setGridLineVisible(false);
  m_marks = new LiveMarks(chart);
  m_marks->setZValue(49);
  m_live = new LiveSeries(chart);
  m_live->setDots(true);
  m_panel->setTable([this] { return table(); });
  m_panel->view()->setToolTipSource([this](const QPointF& value) { return toolTip(value); });
  connect(m_panel->view(), &ChartView::themeChanged, this, [this] { applyTheme(); });
  connect(m_buttons, &QButtonGroup::idClicked, this, [this](int id) { chooseScore(m_offered.at(static_cast<std::size_t>(id))); });
  applyTheme();
  setEmpty({});
}

void LiveChart::applyTheme() {
  const Theme& theme = Theme::of(m_panel->view());
  views::applyTheme(*m_panel->chart(), theme);
  QColor band = theme.accent;
  band.setAlphaF(0.22f);
  m_live->setColors(theme.accent, band, theme.limit);
}

void LiveChart::chooseScore(const std::string& score) {
  m_wish = score;
  show(JobState(m_job));
}

void LiveChart::offerScores(const JobState& job) {
  std::vector<std::string> offered;
  for (const char* id : {"top1", "top5", "kl", "loss"})
    if (job.original.contains(id)) offered.emplace_back(id);
  if (offered.empty())
    for (const auto& [id, estimate] : job.original) offered.push_back(id);
  if (offered != m_offered) {
    m_offered = offered;
    for (auto* button : m_buttons->buttons()) {
      m_buttons->removeButton(button);
      m_head->removeWidget(button);
      button->hide();
      button->deleteLater();  // one of them may be in the middle of its click
    }
    for (std::size_t i = 0; i < m_offered.size() && m_offered.size() > 1; ++i) {
      auto* button = new QToolButton(this);
      button->setText(scoreName(m_offered[i]));
      button->setCheckable(true);
      button->setAutoRaise(true);
      button->setFont(labelFont());
      button->setFixedHeight(QFontMetrics(labelFont()).height() + 6);
      button->setAccessibleName(tr("Show %1").arg(scoreName(m_offered[i])));
      m_buttons->addButton(button, static_cast<int>(i));
      m_head->addWidget(button);
    }
  }
  const auto wished = std::find(m_offered.begin(), m_offered.end(), m_wish);
  m_score = m_offered.empty() ? std::string() : wished == m_offered.end() ? m_offered.front() : *wished;
  for (std::size_t i = 0; i < m_offered.size(); ++i)
    if (auto* button = m_buttons->button(static_cast<int>(i))) button->setChecked(m_offered[i] == m_score);
}

void LiveChart::setEmpty(const JobState& job) {
  QString text;
  if (job.kind != JobKind::compress && job.kind != JobKind::measure) text = tr("This kind of job has nothing to draw.");
  else if (job.kind == JobKind::measure) text = !job.resources.empty() ? QString() : job.over() ? tr("The job ended before its speed could be read.") : tr("Cells per second appear here while layers are measured.");
  else if (job.original.empty())
    text = job.over() ? tr("No samples were held out for this job: choose data on the Open page to follow the accuracy of the next.")
                      : tr("The accuracy of the partly compressed network appears here as soon as the original has answered the held-out samples.");
  m_panel->setEmptyText(text);
}

void LiveChart::show(const JobState& job) {
  m_job = job;
  offerScores(job);
  if (job.kind == JobKind::measure) fillThroughput(job);
  else fillScores(job);
  setEmpty(job);
}

void LiveChart::fillScores(const JobState& job) {
  const double factor = factorOf(m_score);
  LiveBuffer buffer;
  const Estimate* original = estimateIn(job.original, m_score);
  double low = 1e300, high = -1e300;
  const auto widen = [&](double value, double error) {
    if (!std::isfinite(value)) return;
    low = std::min(low, (value - error) * factor);
    high = std::max(high, (value + error) * factor);
  };
  if (original) {
    buffer.append(0, original->mean * factor, 0);
    widen(original->mean, original->standardError);
  }
  const Estimate* last = nullptr;
  const Estimate* lastDifference = nullptr;
  int lastLayer = 0;
  for (const auto& point : job.live) {
    const Estimate* value = estimateIn(point.value, m_score);
    if (!value) continue;
    const Estimate* difference = estimateIn(point.difference, m_score);
    const double error = difference ? difference->standardError : value->standardError;
    // The finished network, with its repairs, is judged after the last layer: its point stands half a layer further.
    const double x = point.layersDone + (lastLayer == point.layersDone && last ? 0.5 : 0);
    buffer.append(x, value->mean * factor, error * factor);
    widen(value->mean, error);
    last = value;
    lastDifference = difference;
    lastLayer = point.layersDone;
  }
  if (low > high) low = 0, high = 1;
  const double margin = std::max((high - low) * 0.08, 1e-9);
  const bool nonNegative = low >= 0;
  m_panel->setVerticalRange(*m_y, nonNegative ? std::max(0.0, low - margin) : low - margin, high + margin);
  m_x->setRange(0, std::max(1, job.layersTotal) + 0.5);
  m_x->setTickType(QValueAxis::TicksDynamic);
  m_x->setTickInterval(std::max(1.0, std::ceil(job.layersTotal / 6.0)));
  m_x->setLabelFormat(QStringLiteral("%d"));
  const QString now = last && original ? tr("now %1, %2 to the original").arg(scoreText(m_score, *last), lastDifference ? scoreText(m_score, *lastDifference, true) : QString())
                                       : tr("no evaluation yet");
  LiveMarks::Marks marks;
  if (original) {
    marks.original = original->mean * factor;
    marks.originalError = original->standardError * factor;
    marks.originalText = tr("original %1").arg(scoreText(m_score, *original));
  }
  if (!job.over() && job.layersTotal > 0) {
    marks.nowX = job.layersDone;
    if (job.layersDone < job.layersTotal) marks.rest = tr("layers to the right can still be changed in the plan");
  }
  if (last) {
    marks.nowX = buffer.x().back();
    marks.nowY = last->mean * factor;
    Estimate shown = *last;
    if (lastDifference) shown.standardError = lastDifference->standardError;
    marks.nowText = scoreText(m_score, shown);
  }
  const std::int64_t samples = original ? original->count : 0;
  m_caption->setText(m_score.empty() ? QString()
                                     : tr("%1 of the partly compressed network%2 · %3 held-out samples, paired%4")
                                           .arg(scoreName(m_score), unitSuffix(m_score)).arg(samples)
                                           .arg(buffer.gaps() ? tr(" · %1 not finite").arg(buffer.gaps()) : QString()));
  m_panel->setSummary(tr("%1 after %2 of %3 layers: %4.").arg(scoreName(m_score)).arg(job.layersDone).arg(job.layersTotal).arg(now));
  m_marks->setMarks(std::move(marks));
  m_live->replace(std::move(buffer));
}

void LiveChart::fillThroughput(const JobState& job) {
  LiveBuffer buffer;
  double high = 0, end = 1;
  for (const auto& sample : job.resources) {
    buffer.append(sample.seconds, sample.perSecond);
    if (std::isfinite(sample.perSecond)) high = std::max(high, sample.perSecond);
    end = std::max(end, sample.seconds);
  }
  m_panel->setVerticalRange(*m_y, 0, high > 0 ? high * 1.1 : 1);
  m_x->setRange(0, end);
  m_x->setTickType(QValueAxis::TicksFixed);
  m_x->setTickCount(5);
  m_x->setLabelFormat(QStringLiteral("%.0f"));
  LiveMarks::Marks marks;
  if (!job.resources.empty()) {
    marks.nowX = job.resources.back().seconds;
    marks.nowY = job.resources.back().perSecond;
    marks.nowText = numberText(job.resources.back().perSecond) + QLatin1Char(' ') + throughputUnit(job.kind);
  }
  m_caption->setText(tr("cells (layer x option) measured per second · seconds since the start"));
  m_panel->setSummary(tr("%1 of %2 layers are measured.").arg(job.layersDone).arg(job.layersTotal));
  m_marks->setMarks(std::move(marks));
  m_live->replace(std::move(buffer));
}

ChartTable LiveChart::table() const {
  ChartTable table;
  if (m_job.kind == JobKind::measure) {
    table.columns = {tr("seconds"), tr("cells/s"), tr("resident bytes")};
    for (const auto& sample : m_job.resources) table.rows.push_back({sample.seconds, sample.perSecond, static_cast<qlonglong>(sample.residentBytes)});
    return table;
  }
  table.columns = {tr("layers done"), tr("seconds")};
  for (const auto& id : m_offered) {
    const QString name = scoreName(id);
    table.columns.insert(table.columns.end(), {name, tr("%1 standard error").arg(name), tr("%1 difference to the original").arg(name), tr("%1 difference standard error").arg(name)});
  }
  table.columns.push_back(tr("samples"));
  const auto add = [&](int layers, double seconds, const auto& value, const auto& difference) {
    std::vector<QVariant> row{layers, seconds};
    qlonglong samples = 0;
    for (const auto& id : m_offered)
      for (const Estimate* estimate : {estimateIn(value, id), estimateIn(difference, id)}) {
        row.push_back(estimate ? QVariant(estimate->mean) : QVariant());
        row.push_back(estimate ? QVariant(estimate->standardError) : QVariant());
        if (estimate) samples = estimate->count;
      }
    row.push_back(samples);
    table.rows.push_back(std::move(row));
  };
  if (!m_job.original.empty()) add(0, 0, m_job.original, std::map<std::string, Estimate>());
  for (const auto& point : m_job.live) add(point.layersDone, point.seconds, point.value, point.difference);
  return table;
}

QString LiveChart::toolTip(const QPointF& value) const {
  if (m_job.kind == JobKind::measure || m_job.live.empty()) return {};
  const auto nearest = std::min_element(m_job.live.begin(), m_job.live.end(), [&](const LivePoint& a, const LivePoint& b) {
    return std::abs(a.layersDone - value.x()) < std::abs(b.layersDone - value.x());
  });
  QString text = tr("after %1 of %2 layers").arg(nearest->layersDone).arg(m_job.layersTotal);
  for (const auto& id : m_offered) {
    const Estimate *mean = estimateIn(nearest->value, id), *difference = estimateIn(nearest->difference, id);
    if (mean) text += QLatin1Char('\n') + scoreName(id) + QLatin1Char(' ') + scoreText(id, *mean);
    if (difference) text += tr(", %1 to the original").arg(scoreText(id, *difference, true));
    if (mean) text += QStringLiteral(" (n = %1)").arg(mean->count);
  }
  return text;
}

}  // namespace planish::views
