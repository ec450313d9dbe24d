#pragma once

#include "views/plan/plan_text.h"

#include <QFrame>

class QLabel;

namespace planish::views {

/// The small panel beside the cursor that says what a drag would cost, before the button is released. Lies over the whole window, so
/// that a small dock does not cut it off; takes no mouse events.
class ConsequencePanel : public QFrame {
  Q_OBJECT

 public:
  /// `owner`: in whose window it appears.
  explicit ConsequencePanel(QWidget* owner);

  /// Beside a point of the owner, wherever there is room.
  void showAt(const QPoint& ownerPosition, const Consequence& lines);
  QString text() const;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void set(QLabel* label, const QString& text);
  QWidget* m_owner;
  QLabel *m_title, *m_numbers, *m_totals, *m_refusal, *m_hint;
};

}  // namespace planish::views
