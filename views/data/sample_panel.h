#pragma once

#include "views/data/sample_loader.h"

#include <QWidget>

class QGridLayout;
class QLabel;

namespace planish::views {

class ElidedLabel;
class SampleModel;

/// A picture as large as there is room, whole pixels where it is enlarged.
class PictureBox : public QWidget {
  Q_OBJECT

 public:
  explicit PictureBox(const QString& name, QWidget* parent = nullptr);
  void setPicture(const QImage& picture);
  QSize sizeHint() const override { return {120, 120}; }
  QSize minimumSizeHint() const override { return {48, 48}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QImage m_picture;
};

/// The current sample closely: as stored beside what goes into the network, the numbers of both, and what the networks say.
class SamplePanel : public QWidget {
  Q_OBJECT

 public:
  explicit SamplePanel(QWidget* parent = nullptr);
  void show(const SampleDetail& detail, const SampleModel& model);
  void clear();
  int sample() const { return m_sample; }

 private:
  QWidget* m_pictures;
  QGridLayout* m_grid;
  PictureBox *m_raw, *m_prepared;
  QLabel *m_rawNumbers, *m_preparedNumbers, *m_answers;
  ElidedLabel* m_title;
  int m_sample = -1;
};

}  // namespace planish::views
