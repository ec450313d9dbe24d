#include "app/desktop/solver_page.h"

#include "views/base/numbers.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QPushButton>

namespace planish::desktop {

SolverPage::SolverPage(const Declaration& solver, const std::map<std::string, std::string>& values, QWidget* parent)
    : JobPage(tr("Solver “%1”").arg(views::plainName(solver.name.empty() ? solver.id : solver.name, 60)), QString::fromStdString(solver.help), tr("Use"), parent),
      m_parameters(new ParameterForm(this)) {
  m_parameters->show(solver, values);
  form()->addRow(m_parameters);
  if (solver.parameters.empty()) {
    setWarnings({tr("This solver has no parameters.")}, true);
    return;
  }
  auto* defaults = new QPushButton(tr("Defaults"), this);
  defaults->setObjectName(QStringLiteral("defaults"));
  defaults->setAutoDefault(false);
  auto* row = new QHBoxLayout;
  row->addStretch(1);
  row->addWidget(defaults);
  form()->addRow(row);
  connect(defaults, &QPushButton::clicked, m_parameters, &ParameterForm::setDefaults);
  connect(m_parameters, &ParameterForm::edited, this, &SolverPage::refresh);
  refresh();
}

void SolverPage::refresh() {
  const QString problem = m_parameters->problem();
  setWarnings(problem.isEmpty() ? QStringList() : QStringList(problem), !problem.isEmpty());
}

}  // namespace planish::desktop
