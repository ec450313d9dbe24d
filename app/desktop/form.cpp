#include "app/desktop/form.h"

#include "views/base/theme.h"

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace planish::desktop {

namespace space = views::space;

JobPage::JobPage(const QString& title, const QString& about, const QString& startText, QWidget* parent)
    : QDialog(parent), m_form(new QFormLayout), m_costs(new QVBoxLayout), m_warnings(new QLabel(this)) {
  setWindowTitle(title);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k16, space::k16, space::k16, space::k16);
  layout->setSpacing(space::k12);
  auto* heading = new QLabel(title, this);
  QFont font = views::titleFont();
  font.setPointSizeF(font.pointSizeF() * 1.3);
  heading->setFont(font);
  layout->addWidget(heading);
  auto* text = new QLabel(about, this);
  text->setWordWrap(true);
  text->setForegroundRole(QPalette::PlaceholderText);
  layout->addWidget(text);
  m_form->setHorizontalSpacing(space::k16);
  m_form->setVerticalSpacing(space::k8);
  m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  layout->addLayout(m_form);
  layout->addLayout(m_costs);
  m_warnings->setWordWrap(true);
  m_warnings->setTextFormat(Qt::PlainText);
  QPalette palette = m_warnings->palette();
  palette.setColor(QPalette::WindowText, views::Theme::of(this).limit);
  m_warnings->setPalette(palette);
  m_warnings->hide();
  layout->addWidget(m_warnings);
  layout->addStretch(1);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
  m_start = buttons->addButton(startText, QDialogButtonBox::AcceptRole);
  m_start->setObjectName(QStringLiteral("start"));
  m_start->setDefault(true);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  layout->addWidget(buttons);
  setMinimumWidth(520);
}

void JobPage::setCosts(const std::vector<std::pair<QString, QString>>& costs) {
  while (auto* item = m_costs->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  if (costs.empty()) return;
  auto* box = new QWidget(this);
  auto* grid = new QGridLayout(box);
  grid->setContentsMargins(0, space::k8, 0, space::k8);
  grid->setHorizontalSpacing(space::k16);
  constexpr int kAcross = 3;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const int row = static_cast<int>(i) / kAcross * 2, column = static_cast<int>(i) % kAcross;
    auto* label = new QLabel(costs[i].first, box);
    label->setFont(views::labelFont());
    label->setForegroundRole(QPalette::PlaceholderText);
    auto* value = new QLabel(costs[i].second, box);
    value->setFont(views::valueFont());
    value->setTextFormat(Qt::PlainText);
    value->setWordWrap(true);
    grid->addWidget(label, row, column);
    grid->addWidget(value, row + 1, column);
    grid->setColumnStretch(column, 1);
  }
  m_costs->addWidget(box);
}

void JobPage::setWarnings(const QStringList& warnings, bool blocking) {
  m_warnings->setText(warnings.join(QLatin1Char('\n')));
  m_warnings->setVisible(!warnings.isEmpty());
  m_start->setEnabled(!blocking);
}

}  // namespace planish::desktop
