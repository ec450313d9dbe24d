#include "views/data/sample_panel.h"

#include "views/base/elided_label.h"
#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/data/sample_model.h"

#include <QGridLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {
namespace {

QLabel* smallText(QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setFont(labelFont());
  label->setForegroundRole(QPalette::PlaceholderText);
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  return label;
}

QString numbersText(const NumberSummary& numbers) {
  return QObject::tr("%1 %2\nmin %3\nmean %4\nmax %5")
      .arg(QString::fromStdString(numbers.shape), QString::fromStdString(numbers.type), numberText(numbers.least, 4), numberText(numbers.mean, 4),
           numberText(numbers.most, 4));
}

}  // namespace

PictureBox::PictureBox(const QString& name, QWidget* parent) : QWidget(parent) {
  setAccessibleName(name);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void PictureBox::setPicture(const QImage& picture) {
  m_picture = picture;
  update();
}

void PictureBox::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (m_picture.isNull()) return;
  QSize size = m_picture.size().scaled(this->size(), Qt::KeepAspectRatio);
  if (size.width() > m_picture.width()) size = m_picture.size() * std::max(1, size.width() / m_picture.width());
  painter.setRenderHint(QPainter::SmoothPixmapTransform, size.width() < m_picture.width());
  painter.drawImage(QRect(QPoint((width() - size.width()) / 2, (height() - size.height()) / 2), size), m_picture);
}

SamplePanel::SamplePanel(QWidget* parent)
    : QWidget(parent), m_pictures(new QWidget(this)), m_grid(new QGridLayout), m_raw(new PictureBox(tr("Picture as stored"))),
      m_prepared(new PictureBox(tr("Picture as the network gets it"))), m_rawNumbers(smallText(this)), m_preparedNumbers(smallText(this)),
      m_answers(smallText(this)), m_title(new ElidedLabel({}, this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(space::k4);
  m_title->setFont(titleFont());
  m_title->setForegroundRole(QPalette::WindowText);
  m_answers->setForegroundRole(QPalette::WindowText);
  layout->addWidget(m_title);
  layout->addWidget(m_answers);
  auto* pair = m_grid;
  pair->setContentsMargins(0, 0, 0, 0);
  pair->setHorizontalSpacing(space::k12);
  pair->setVerticalSpacing(space::k4);
  const QString names[] = {tr("as stored"), tr("into the network")};
  PictureBox* const boxes[] = {m_raw, m_prepared};
  QLabel* const numbers[] = {m_rawNumbers, m_preparedNumbers};
  for (int i = 0; i < 2; ++i) {
    auto* caption = new ElidedLabel(names[i], this);
    caption->setFont(labelFont());
    pair->addWidget(caption, 0, i);
    pair->addWidget(boxes[i], 1, i);
    pair->addWidget(numbers[i], 2, i);
    pair->setColumnStretch(i, 1);
    boxes[i]->setMinimumHeight(72);
  }
  pair->setRowStretch(1, 1);
  m_pictures->setLayout(pair);
  layout->addWidget(m_pictures, 1);
}

void SamplePanel::clear() {
  m_sample = -1;
  m_title->setText({});
  m_answers->setText({});
  for (auto* label : {m_rawNumbers, m_preparedNumbers})
    label->setText({});
  for (auto* box : {m_raw, m_prepared})
    box->setPicture({});
}

void SamplePanel::show(const SampleDetail& detail, const SampleModel& model) {
  m_sample = detail.sample;
  const QString text = model.describe(detail.sample);
  m_title->setText(text.section(u'\n', 0, 0));
  m_answers->setText(detail.problem.isEmpty() ? text.section(u'\n', 1) : detail.problem);
  m_raw->setVisible(!detail.raw.isNull());
  m_prepared->setVisible(!detail.raw.isNull());
  m_grid->setRowStretch(1, detail.raw.isNull() ? 0 : 1);  // numbers alone stand at the top
  m_grid->setRowStretch(3, detail.raw.isNull() ? 1 : 0);
  m_raw->setPicture(detail.raw);
  m_prepared->setPicture(detail.prepared);
  m_rawNumbers->setText(detail.rawNumbers.type.empty() ? QString() : numbersText(detail.rawNumbers));
  m_preparedNumbers->setText(detail.preparedNumbers.type.empty() ? QString() : numbersText(detail.preparedNumbers));
}

}  // namespace planish::views
