#include "app/desktop/page_fields.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QToolButton>

#include <algorithm>

namespace planish::desktop {

QComboBox* targetCombo(const Document& document, QWidget* parent) {
  auto* combo = new QComboBox(parent);
  for (const auto& target : document.workspace().targets)
    combo->addItem(QString::fromStdString(target.declaration.name), QString::fromStdString(target.declaration.id));
  combo->setCurrentIndex(std::max(0, combo->findData(QString::fromStdString(document.workspace().target))));
  combo->setAccessibleName(QObject::tr("Target"));
  return combo;
}

QWidget* withChooser(QLineEdit* edit, QWidget* parent, const std::function<QString()>& choose) {
  auto* row = new QWidget(parent);
  auto* layout = new QHBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* button = new QToolButton(row);
  button->setText(QStringLiteral("…"));
  button->setAccessibleName(QObject::tr("Choose a file"));
  QObject::connect(button, &QToolButton::clicked, edit, [edit, choose] {
    const QString path = choose();
    if (!path.isEmpty()) edit->setText(path);
  });
  layout->addWidget(edit, 1);
  layout->addWidget(button);
  return row;
}

}  // namespace planish::desktop
