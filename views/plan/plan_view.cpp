#include "views/plan/plan_view.h"

#include "views/base/theme.h"
#include "views/plan/action_row.h"
#include "views/plan/pattern_box.h"
#include "views/plan/plan_chart.h"
#include "views/plan/plan_keys.h"
#include "views/plan/totals_row.h"

#include <QVBoxLayout>

namespace planish::views {

PlanView::PlanView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("plan"), tr("Plan"), parent), m_actions(new ActionRow(workspace, this)), m_chart(new PlanChart(workspace, this)),
      m_totals(new TotalsRow(workspace, this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k4);
  layout->addWidget(m_actions);
  layout->addWidget(m_chart, 1);
  layout->addWidget(m_totals);
  connect(m_actions, &ActionRow::requested, this, &View::requested);
  connect(m_chart, &PlanChart::requested, this, &View::requested);
  connect(m_actions, &ActionRow::compareChanged, m_chart, &PlanChart::compareWith);
  connect(m_actions->pattern(), &PatternBox::picked, this, [this](const std::vector<int>& layers) {
    Q_EMIT requested(request::Select{layers, layers.empty() ? this->workspace().current : layers.front()});
  });
  connect(m_actions->pattern(), &QLineEdit::returnPressed, m_chart->view(), [this] { m_chart->view()->setFocus(Qt::ShortcutFocusReason); });
  m_chart->view()->setWhatsThis(PlanKeys::help());
  setHint(tr("drag a bar: bits · its dot: sparsity · the line: budget · Alt: one bar · outline: solver · ■ locked"));
}

void PlanView::refresh(Changes changes) {
  m_chart->refresh(changes);
  m_actions->refresh();
  m_totals->refresh();
}

}  // namespace planish::views
