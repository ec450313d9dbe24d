#pragma once

#include "core/parameters/declaration.h"

#include <QWidget>

#include <map>
#include <string>
#include <vector>

class QFormLayout;

namespace planish::desktop {

/// Fields for the parameters of a method, made from its declaration: names, defaults, ranges, units, help.
class ParameterForm : public QWidget {
  Q_OBJECT

 public:
  explicit ParameterForm(QWidget* parent);

  /// Replaces the fields. `values`: as typed, for those that do not have their default.
  void show(const Declaration& declaration, const std::map<std::string, std::string>& values);
  /// What differs from the defaults, as typed on the command line.
  std::map<std::string, std::string> changed() const;
  /// What is wrong with what was typed; empty: nothing.
  QString problem() const;
  void setDefaults();

 Q_SIGNALS:
  void edited();

 private:
  void addField(const ParameterDeclaration& parameter, const std::string& value);
  std::string textOf(std::size_t field) const;
  void setText(std::size_t field, const std::string& text);
  Declaration m_declaration;
  std::vector<QWidget*> m_fields;  ///< in the order of the declaration
  QFormLayout* m_layout;
  bool m_quiet = false;
};

/// A method that has the parameters that all of these have.
Declaration sharedParameters(const std::vector<const Declaration*>& methods);

}  // namespace planish::desktop
