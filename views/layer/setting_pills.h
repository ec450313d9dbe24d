#pragma once

#include "views/base/workspace.h"

#include <QAbstractButton>
#include <QWidget>

#include <vector>

namespace planish::views {

/// One setting as a rounded button. Checked: the plan's; dashed: what the solver would take; grey: not possible, with the reason as tool tip.
class SettingPill : public QAbstractButton {
  Q_OBJECT

 public:
  explicit SettingPill(QWidget* parent = nullptr);
  void show(const MenuItem& item, const QString& unit, bool current, bool solvers);
  const Setting& setting() const { return m_setting; }
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Setting m_setting;
  bool m_solvers = false;
};

/// The menu of one layer as a row of pills that wraps, at most two rows high. Tab enters it once, arrows walk.
class SettingPills : public QWidget {
  Q_OBJECT

 public:
  explicit SettingPills(QWidget* parent = nullptr);
  void show(const std::vector<MenuItem>& menu, const QString& unit, const Setting& current, const Setting* solvers);
  const std::vector<SettingPill*>& pills() const { return m_pills; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override { return place(width, false); }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void chosen(const planish::Setting& setting);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  int place(int width, bool move) const;
  std::vector<SettingPill*> m_pills;  ///< more than are shown are kept hidden for the next layer
  std::size_t m_used = 0;
};

}  // namespace planish::views
