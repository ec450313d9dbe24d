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
    : QDialog(parent), m_form(new QFormLayout), m_costs(new QGridLayout), m_warnings(new QLabel(this)) {
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
  m_costs->setContentsMargins(0, space::k8, 0, space::k8);
  m_costs->setHorizontalSpacing(space::k16);
  m_costs->setVerticalSpacing(space::k4);
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
  m_start = new QPushButton(startText, this);
  m_start->setObjectName(QStringLiteral("start"));  // before it is polished: the style sheet knows it by name
  buttons->addButton(m_start, QDialogButtonBox::AcceptRole);
  m_start->setDefault(true);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  layout->addWidget(buttons);
  setMinimumWidth(520);
}

void JobPage::setCosts(const std::vector<Cost>& costs) {
  constexpr int kAcross = 3;
  while (m_places.size() < costs.size()) {
    const int row = static_cast<int>(m_places.size()) / kAcross * 2, column = static_cast<int>(m_places.size()) % kAcross;
    auto* name = new QLabel(this);
    name->setFont(views::labelFont());
    name->setForegroundRole(QPalette::PlaceholderText);
    if (row > 0) name->setContentsMargins(0, space::k4, 0, 0);
    auto* value = new QLabel(this);
    value->setFont(views::valueFont());
    value->setTextFormat(Qt::PlainText);
    value->setWordWrap(true);
    value->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_costs->addWidget(name, row, column);
    m_costs->addWidget(value, row + 1, column);
    m_costs->setColumnStretch(column, 1);
    m_places.emplace_back(name, value);
  }
  for (std::size_t i = 0; i < m_places.size(); ++i) {
    const auto& [name, value] = m_places[i];
    const bool used = i < costs.size();
    name->setVisible(used);
    value->setVisible(used);
    if (!used) continue;
    name->setText(costs[i].name);
    value->setText(costs[i].value);
    value->setObjectName(QStringLiteral("cost.") + costs[i].name);
    for (auto* label : {name, value}) label->setToolTip(costs[i].help.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
  }
}

void JobPage::setWarnings(const QStringList& warnings, bool blocking) {
  m_warnings->setText(warnings.join(QLatin1Char('\n')));
  m_warnings->setVisible(!warnings.isEmpty());
  m_start->setEnabled(!blocking);
  // A page that is open grows with what it has to say.
  const int needed = layout()->hasHeightForWidth() ? layout()->totalHeightForWidth(width()) : sizeHint().height();
  if (needed > height()) resize(width(), needed);
}

}  // namespace planish::desktop
