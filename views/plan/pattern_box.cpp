#include "views/plan/pattern_box.h"

#include "views/base/layer_pattern.h"
#include "views/base/theme.h"

#include <QKeyEvent>
#include <QLabel>

#include <algorithm>

namespace planish::views {

PatternBox::PatternBox(const Workspace& workspace, QWidget* parent) : QLineEdit(parent), m_workspace(workspace), m_count(new QLabel(this)), m_bubble(new QLabel(this)) {
  setPlaceholderText(tr("select: *.conv2  type:depthwise  worst:10"));
  setAccessibleName(tr("Select layers by a pattern"));
  setToolTip(LayerPattern::help());
  setClearButtonEnabled(false);
  m_count->setFont(labelFont());
  m_count->setForegroundRole(QPalette::PlaceholderText);
  m_count->setAttribute(Qt::WA_TransparentForMouseEvents);
  m_bubble->setObjectName(QStringLiteral("patternProblem"));
  m_bubble->setTextFormat(Qt::PlainText);
  m_bubble->setWordWrap(true);
  m_bubble->setAutoFillBackground(true);
  m_bubble->setAttribute(Qt::WA_TransparentForMouseEvents);
  m_bubble->hide();
  connect(this, &QLineEdit::textEdited, this, &PatternBox::read);
}

QString PatternBox::count() const { return m_count->text(); }

void PatternBox::read(const QString& text) {
  const LayerPattern pattern(text);
  m_problem = pattern.problem();
  std::vector<int> layers;
  if (pattern.valid() && !pattern.empty()) layers = pattern.matching(m_workspace);
  m_count->setText(pattern.empty() || !pattern.valid() ? QString() : tr("%1 of %2").arg(layers.size()).arg(m_workspace.layerCount()));
  setAccessibleDescription(m_problem);
  placeLabels();
  if (pattern.valid() && !pattern.empty()) Q_EMIT picked(layers);
}

void PatternBox::placeLabels() {
  const Theme& theme = Theme::of(this);
  QPalette colours = palette();
  colours.setColor(QPalette::Text, m_problem.isEmpty() ? theme.text : theme.limit);
  setPalette(colours);
  m_count->adjustSize();
  m_count->move(width() - m_count->width() - 8, (height() - m_count->height()) / 2);
  setTextMargins(0, 0, m_count->text().isEmpty() ? 0 : m_count->width() + 8, 0);
  m_bubble->setVisible(!m_problem.isEmpty());
  if (m_problem.isEmpty()) return;
  if (m_bubble->parentWidget() != window()) m_bubble->setParent(window());
  colours = theme.palette();
  colours.setColor(QPalette::Window, theme.limitFaint);
  colours.setColor(QPalette::WindowText, theme.limit);
  m_bubble->setPalette(colours);
  m_bubble->setMargin(space::k4 + 2);
  m_bubble->setText(m_problem);
  const QPoint at = mapTo(window(), QPoint(0, height() + 2));
  const int wide = std::max(160, std::min(window()->width() - at.x() - 8, 460));
  const int natural = m_bubble->fontMetrics().horizontalAdvance(m_problem) + 2 * m_bubble->margin() + 4;
  m_bubble->resize(std::min(wide, natural), m_bubble->heightForWidth(std::min(wide, natural)));
  m_bubble->move(at);
  m_bubble->show();
  m_bubble->raise();
}

void PatternBox::resizeEvent(QResizeEvent* event) {
  QLineEdit::resizeEvent(event);
  placeLabels();
}

void PatternBox::keyPressEvent(QKeyEvent* event) {
  if (event->key() != Qt::Key_Escape || text().isEmpty()) return QLineEdit::keyPressEvent(event);
  clear();
  read({});
}

void PatternBox::focusOutEvent(QFocusEvent* event) {
  m_bubble->hide();
  QLineEdit::focusOutEvent(event);
}

}  // namespace planish::views
