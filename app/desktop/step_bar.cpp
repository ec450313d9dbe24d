#include "app/desktop/step_bar.h"

#include "core/base/error.h"
#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QToolTip>

#include <algorithm>
#include <filesystem>

namespace planish::desktop {

using views::Theme;
namespace space = views::space;

StepButton::StepButton(int number, const QString& name, QWidget* parent) : QAbstractButton(parent), m_number(number) {
  setText(name);
  setCheckable(true);
  setFocusPolicy(Qt::TabFocus);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setCursor(Qt::PointingHandCursor);
}

void StepButton::setState(State state, const QString& line) {
  if (state == m_state && line == m_line) return;
  m_state = state;
  m_line = line;
  const QString what = state == State::done ? tr("done") : state == State::next ? tr("next") : tr("not yet");
  setAccessibleName(tr("Step %1, %2: %3. %4").arg(m_number).arg(text(), what, line));
  setToolTip(line);
  update();
}

void StepButton::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  const bool lit = isChecked();
  painter.setPen(QPen(lit || hasFocus() ? theme.accent : theme.line, hasFocus() ? 2 : 1));
  painter.setBrush(lit ? theme.accentFaint : underMouse() ? theme.raised : theme.panel);
  painter.drawRoundedRect(frame, space::kPanelRadius, space::kPanelRadius);

  const QRectF disc(frame.left() + 10, frame.center().y() - 10, 20, 20);
  const QColor fill = m_state == State::done ? theme.done : m_state == State::next ? theme.accent : theme.line;
  painter.setPen(Qt::NoPen);
  painter.setBrush(fill);
  painter.drawEllipse(disc);
  if (m_state == State::done) {
    QPainterPath tick;
    tick.moveTo(disc.left() + 5.5, disc.top() + 10.5);
    tick.lineTo(disc.left() + 8.8, disc.top() + 13.6);
    tick.lineTo(disc.left() + 14.6, disc.top() + 6.8);
    painter.setPen(QPen(Theme::textOn(fill), 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(tick);
  } else {
    painter.setFont(views::labelFont());
    painter.setPen(m_state == State::next ? Theme::textOn(fill) : theme.label);
    painter.drawText(disc, Qt::AlignCenter, QString::number(m_number));
  }
  const double left = disc.right() + 8, width = frame.right() - left - 8;
  painter.setFont(views::titleFont());
  painter.setPen(m_state == State::waiting && !lit ? theme.label : theme.text);
  painter.drawText(QRectF(left, frame.top() + 4, width, 18), Qt::AlignVCenter, painter.fontMetrics().elidedText(text(), Qt::ElideRight, static_cast<int>(width)));
  painter.setFont(views::labelFont());
  painter.setPen(theme.label);
  painter.drawText(QRectF(left, frame.top() + 22, width, 17), Qt::AlignVCenter, painter.fontMetrics().elidedText(m_line, Qt::ElideRight, static_cast<int>(width)));
}

StepBar::StepBar(QWidget* parent)
    : QWidget(parent), m_budget(new QLineEdit(this)), m_budgetBytes(new QLabel(this)), m_solve(new QPushButton(tr("Solve rest"), this)), m_device(new QLabel(this)) {
  setObjectName(QStringLiteral("steps"));
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k8);
  const std::array<QString, kSteps> names = {tr("Open"), tr("Measure"), tr("Plan"), tr("Compress"), tr("Export")};
  for (int i = 0; i < kSteps; ++i) {
    auto* button = new StepButton(i + 1, names[static_cast<std::size_t>(i)], this);
    m_buttons[static_cast<std::size_t>(i)] = button;
    connect(button, &QAbstractButton::clicked, this, [this, i] { Q_EMIT stepChosen(static_cast<Step>(i)); });
    layout->addWidget(button, 1);
  }
  layout->addSpacing(space::k8);
  auto* label = new QLabel(tr("Budget"), this);
  label->setBuddy(m_budget);
  label->setForegroundRole(QPalette::PlaceholderText);
  m_budget->setObjectName(QStringLiteral("budget"));
  m_budget->setAccessibleName(tr("Budget"));
  m_budget->setToolTip(tr("250kB, 860092B, 4.25bpw, 25% or loss:0.02; Enter solves for it"));
  m_budget->setFixedWidth(fontMetrics().horizontalAdvance(QStringLiteral("0.000000 bpw")));
  m_budgetBytes->setFont(views::labelFont());
  m_budgetBytes->setForegroundRole(QPalette::PlaceholderText);
  m_solve->setObjectName(QStringLiteral("solve"));
  m_solve->setToolTip(tr("Fill all layers that are not locked under the budget"));
  m_device->setFont(views::labelFont());
  m_device->setForegroundRole(QPalette::PlaceholderText);
  layout->addWidget(label);
  layout->addWidget(m_budget);
  layout->addWidget(m_budgetBytes);
  layout->addWidget(m_solve);
  layout->addWidget(m_device);
  connect(m_budget, &QLineEdit::returnPressed, this, &StepBar::enterBudget);
  connect(m_solve, &QPushButton::clicked, this, &StepBar::solveAsked);
}

void StepBar::setCurrent(Step step) {
  for (int i = 0; i < kSteps; ++i) m_buttons[static_cast<std::size_t>(i)]->setChecked(i == static_cast<int>(step));
}

void StepBar::enterBudget() {
  // A wrong word is an answer beside the field, not a dialog.
  try {
    Q_EMIT budgetEntered(parseBudget(m_budget->text().remove(QLatin1Char(' ')).replace(QLatin1Char(','), QLatin1Char('.')).toStdString()));
  } catch (const Error& error) {
    QToolTip::showText(m_budget->mapToGlobal(QPoint(0, m_budget->height())), QString::fromStdString(error.message()).toHtmlEscaped(), m_budget);
    m_budget->selectAll();
  }
}

void StepBar::refresh(const views::Workspace& w, const QString& device) {
  using State = StepButton::State;
  const bool open = w.network != nullptr;
  const auto* table = w.table();
  const bool measured = table && !table->rows.empty();
  const auto* result = open ? w.project.result(w.plan.name) : nullptr;
  const bool planned = open && std::any_of(w.plan.layers.begin(), w.plan.layers.end(), [](const PlannedLayer& layer) { return !layer.setting.isKeep(); });
  bool current = result != nullptr;
  if (result)
    for (std::size_t i = 0; i < result->layers.size() && i < w.plan.layers.size(); ++i) current &= result->layers[i].setting == w.plan.layers[i].setting;
  const bool exported = std::any_of(w.project.exports.begin(), w.project.exports.end(), [&](const ExportRecord& record) { return record.plan == w.plan.name; }) && current;
  const bool done[kSteps] = {open, measured, planned, current, exported};
  int next = 0;
  while (next < kSteps && done[next]) ++next;

  int locked = 0;
  for (const auto& layer : w.plan.layers) locked += layer.locked;
  QString lines[kSteps];
  lines[0] = open ? tr("%n layers · %1", nullptr, w.layerCount()).arg(views::plainName(std::filesystem::path(w.project.network.path).stem().string(), 40))
                  : tr("a network and its data");
  lines[1] = measured ? tr("%1 · %2 cells").arg(views::scoreName(table->metric)).arg(table->rows.size()) : tr("what each option costs");
  lines[2] = planned ? tr("%1 · %2").arg(views::plainName(w.plan.name, 30), locked ? tr("%n locked", nullptr, locked) : views::shortBytes(w.totals.bytes.count))
                     : tr("bits for every layer");
  lines[3] = tr("make it real");
  if (const auto* job = w.runningJob(); job && (job->kind == views::JobKind::compress || job->kind == views::JobKind::measure)) {
    const QString left = job->secondsLeft >= 0 ? tr(" · %1 left").arg(views::durationText(job->secondsLeft)) : QString();
    lines[job->kind == views::JobKind::compress ? 3 : 1] = tr("%1 of %2 layers").arg(job->layersDone).arg(job->layersTotal) + left;
  } else if (result) {
    const auto top1 = result->after.find("top1");
    lines[3] = top1 != result->after.end() ? tr("top-1 %1").arg(views::percentText(top1->second)) : tr("done");
    if (!current) lines[3] = tr("of an older plan");
  }
  lines[4] = exported ? tr("%1, checked").arg(views::shortBytes(w.project.exports.back().bytes)) : QString::fromStdString(w.target);
  for (int i = 0; i < kSteps; ++i)
    m_buttons[static_cast<std::size_t>(i)]->setState(done[i] ? State::done : i == next ? State::next : State::waiting, lines[i]);

  if (!m_budget->hasFocus()) m_budget->setText(open ? QString::fromStdString(toText(w.budget)) : QString());
  m_budgetBytes->setText(w.budgetBytes ? views::bytesText(*w.budgetBytes) : QString());
  m_budget->setEnabled(open);
  m_solve->setEnabled(measured);
  m_solve->setDefault(true);
  m_device->setText(device);
}

}  // namespace planish::desktop
