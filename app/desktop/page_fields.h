#pragma once

#include "app/desktop/document.h"

#include <functional>

class QComboBox;
class QLineEdit;

namespace planish::desktop {

/// The targets, with the workspace's chosen.
QComboBox* targetCombo(const Document& document, QWidget* parent);
/// A line edit with a button that chooses a file.
QWidget* withChooser(QLineEdit* edit, QWidget* parent, const std::function<QString()>& choose);

}  // namespace planish::desktop
