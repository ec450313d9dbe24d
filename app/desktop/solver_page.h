#pragma once

#include "app/desktop/form.h"
#include "app/desktop/parameter_form.h"

namespace planish::desktop {

/// Plan > Solver parameters: those of the chosen solver.
class SolverPage : public JobPage {
  Q_OBJECT

 public:
  SolverPage(const Declaration& solver, const std::map<std::string, std::string>& values, QWidget* parent);
  std::map<std::string, std::string> choice() const { return m_parameters->changed(); }

 private:
  void refresh();
  ParameterForm* m_parameters;
};

}  // namespace planish::desktop
