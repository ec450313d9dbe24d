#include "views/compare/compare_view.h"

#include "views/base/numbers.h"
#include "views/base/plain_header.h"
#include "views/base/theme.h"
#include "views/compare/comparison_model.h"
#include "views/compare/difference_chart.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <set>

namespace planish::views {
namespace {

/// The plan's row of the table of totals, escaped.
QString totalsRow(const QString& side, const PlanTotals& totals, const Additivity& additivity, const QString& muted) {
  const auto cell = [](const QString& text) { return QStringLiteral("<td align='right'>&nbsp;&nbsp;&nbsp;%1</td>").arg(text.toHtmlEscaped()); };
  QString row = QStringLiteral("<tr><td><b>%1</b></td>").arg(side) + cell(bytesText(totals.bytes)) + cell(QObject::tr("%1 bits").arg(QString::number(totals.bitsPerWeight, 'f', 2)));
  row += cell(estimateText(totals.predicted) + (totals.unmeasured ? QStringLiteral(" ") + QObject::tr("(%n unmeasured)", nullptr, totals.unmeasured) : QString()));
  if (additivity.measured.count > 0) row += cell(estimateText(additivity.measured)) + (additivity.known ? cell(estimateText(additivity.ratio)) : cell(QStringLiteral("–")));
  else row += QStringLiteral("<td align='right' style='color:%1'>&nbsp;&nbsp;&nbsp;%2</td><td></td>").arg(muted, QObject::tr("not measured"));
  return row + QStringLiteral("</tr>");
}

}  // namespace

CompareView::CompareView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("compare"), tr("Compare"), parent), m_comparison(std::make_shared<PlanComparison>()), m_model(new ComparisonModel(workspace, this)),
      m_a(new QComboBox(this)), m_b(new QComboBox(this)), m_quantity(new QComboBox(this)), m_only(new QCheckBox(tr("only differing"), this)), m_table(new QTableView(this)),
      m_chart(new DifferenceChart(this)), m_splitter(new QSplitter(Qt::Vertical, this)), m_pages(new QStackedWidget(this)), m_content(new QWidget(this)), m_empty(new QLabel(this)),
      m_totals(new QLabel(this)), m_takeSelected(new QPushButton(this)), m_takeAll(new QPushButton(this)) {
  build();
  buildTable();
}

void CompareView::build() {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  outer->addWidget(m_pages);
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setTextFormat(Qt::PlainText);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_pages->addWidget(m_empty);
  m_pages->addWidget(m_content);
  auto* layout = new QVBoxLayout(m_content);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(space::k4);
  auto* top = new QHBoxLayout;
  const auto named = [&](const QString& text, QComboBox* box) {
    auto* label = new QLabel(text, this);
    label->setFont(titleFont());
    label->setBuddy(box);
    box->setAccessibleName(tr("Plan %1").arg(text));
    box->setMinimumContentsLength(6);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    top->addWidget(label);
    top->addWidget(box, 1);
  };
  named(QStringLiteral("A"), m_a);
  named(QStringLiteral("B"), m_b);
  m_quantity->addItem(tr("bytes"), QStringLiteral("bytes"));
  m_quantity->addItem(tr("damage"), QStringLiteral("damage"));
  m_quantity->setAccessibleName(tr("Quantity of the chart"));
  top->addWidget(m_quantity);
  layout->addLayout(top);
  m_splitter->addWidget(m_table);
  m_splitter->addWidget(m_chart);
  m_splitter->setStretchFactor(0, 3);
  m_splitter->setStretchFactor(1, 2);
  m_splitter->setChildrenCollapsible(false);
  layout->addWidget(m_splitter, 1);
  m_totals->setTextFormat(Qt::RichText);
  m_totals->setFont(labelFont());
  m_totals->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  layout->addWidget(m_totals);
  auto* bottom = new QHBoxLayout;
  bottom->addWidget(m_only);
  bottom->addStretch(1);
  bottom->addWidget(m_takeSelected);
  bottom->addWidget(m_takeAll);
  m_takeAll->setText(tr("Take all of B"));
  m_takeAll->setToolTip(tr("Settings of B for all layers into the working plan; locked layers stay"));
  m_takeSelected->setToolTip(tr("Settings of B for the selected layers into the working plan"));
  layout->addLayout(bottom);
  connect(m_a, &QComboBox::activated, this, [this] { compare(); });
  connect(m_b, &QComboBox::activated, this, [this] {
    m_bChosen = true;
    compare();
  });
  connect(m_quantity, &QComboBox::activated, this, [this] { m_chart->setData(workspace(), m_comparison, m_quantity->currentIndex() == 1); });
  connect(m_only, &QCheckBox::toggled, this, [this] { compare(); });
  connect(m_takeSelected, &QPushButton::clicked, this, [this] { take(false); });
  connect(m_takeAll, &QPushButton::clicked, this, [this] { take(true); });
  connect(m_chart, &DifferenceChart::layerClicked, this, [this](int layer, Qt::KeyboardModifiers modifiers) {
    std::set<int> layers = {layer};
    if (modifiers & Qt::ControlModifier) {
      layers = std::set<int>(workspace().selection.begin(), workspace().selection.end());
      if (!layers.erase(layer)) layers.insert(layer);
    }
    Q_EMIT requested(request::Select{{layers.begin(), layers.end()}, layers.contains(layer) ? layer : -1});
  }, Qt::QueuedConnection);
}

void CompareView::buildTable() {
  m_table->setModel(m_model);
  auto* header = new PlainHeader(Qt::Horizontal, m_table);
  m_table->setHorizontalHeader(header);
  header->setAccessibleName(tr("Columns of the comparison"));
  header->setStretchLastSection(false);
  header->setMinimumSectionSize(18);
  header->setSectionResizeMode(QHeaderView::Interactive);
  header->setSectionResizeMode(ComparisonModel::name, QHeaderView::Stretch);
  const QFontMetrics digits(digitFont()), body(bodyFont());
  header->resizeSection(ComparisonModel::mark, 20);
  header->resizeSection(ComparisonModel::settingA, body.averageCharWidth() * 9);
  header->resizeSection(ComparisonModel::settingB, body.averageCharWidth() * 9);
  header->resizeSection(ComparisonModel::bytes, digits.horizontalAdvance(QStringLiteral("+9 999 999")) + space::k12);
  header->resizeSection(ComparisonModel::damage, digits.horizontalAdvance(QStringLiteral("−0.000332 ± 0.000034")) + space::k16);
  m_table->setAccessibleName(tr("Two plans layer by layer"));
  m_table->setFrameShape(QFrame::NoFrame);
  m_table->setShowGrid(false);
  m_table->setWordWrap(false);
  m_table->setTextElideMode(Qt::ElideRight);
  m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
  m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_table->setTabKeyNavigation(false);
  m_table->verticalHeader()->hide();
  m_table->verticalHeader()->setDefaultSectionSize(body.height() + space::k4);
  m_table->setMinimumHeight(60);
  m_chart->setMinimumHeight(80);
  connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
    if (m_syncing) return;
    std::set<int> layers;
    for (const auto& range : m_table->selectionModel()->selection())
      for (int row = range.top(); row <= range.bottom(); ++row) layers.insert(m_model->layerAt(row));
    const int current = m_table->currentIndex().isValid() ? m_model->layerAt(m_table->currentIndex().row()) : -1;
    Q_EMIT requested(request::Select{{layers.begin(), layers.end()}, layers.contains(current) ? current : -1});
  });
}

void CompareView::refresh(Changes changes) {
  if (changes.testFlag(Change::network)) m_bChosen = false;
  if (changes & (Changes(Change::network) | Change::plans | Change::results | Change::ghost)) fillCombos();
  if (changes & (Changes(Change::network) | Change::plans | Change::results | Change::ghost | Change::plan | Change::tables | Change::metric | Change::menus)) compare();
  else if (changes.testFlag(Change::selection)) showSelection();
}

int CompareView::otherPlan(const std::vector<ComparedPlan>& plans) const {
  const auto a = static_cast<std::size_t>(std::max(0, m_a->currentIndex()));
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (i != a && PlanComparison::of(workspace(), plans[a], plans[i]).differing > 0) return static_cast<int>(i);
  return std::min(1, static_cast<int>(plans.size()) - 1);
}

void CompareView::fillCombos() {
  const auto plans = workspace().network ? comparedPlans(workspace()) : std::vector<ComparedPlan>();
  const QString a = m_a->currentData().toString(), b = m_b->currentData().toString();
  for (auto* box : {m_a, m_b}) {
    QSignalBlocker quiet(box);
    box->clear();
    for (const auto& plan : plans) box->addItem(plan.name + (plan.result ? QStringLiteral(" · ") + tr("compressed") : QString()), plan.id);
    const int at = box->findData(box == m_a ? a : b);
    box->setCurrentIndex(at >= 0 ? at : 0);
  }
  if (plans.size() < 2) return;
  // As long as nobody chose one, B is the first plan that is not the same as A.
  if (!m_bChosen || m_b->findData(b) < 0) m_b->setCurrentIndex(otherPlan(plans));
}

void CompareView::compare() {
  const auto plans = workspace().network ? comparedPlans(workspace()) : std::vector<ComparedPlan>();
  if (plans.size() < 2) {
    m_empty->setText(plans.empty() ? tr("Open a network to compare plans for it.") : tr("There is one plan so far. Solve, or save the plan under a name, to compare two."));
    m_pages->setCurrentWidget(m_empty);
    return setHint({});
  }
  m_pages->setCurrentWidget(m_content);
  const auto pick = [&](const QComboBox* box) {
    const auto found = std::find_if(plans.begin(), plans.end(), [&](const ComparedPlan& plan) { return plan.id == box->currentData().toString(); });
    return found == plans.end() ? plans.front() : *found;
  };
  const ComparedPlan a = pick(m_a), b = pick(m_b);
  m_comparison = std::make_shared<const PlanComparison>(PlanComparison::of(workspace(), a, b));
  m_syncing = true;
  m_model->setComparison(m_comparison, m_only->isChecked());
  m_syncing = false;
  m_chart->setData(workspace(), m_comparison, m_quantity->currentIndex() == 1);
  m_chart->setEmptyText(m_comparison->differing == 0 ? tr("The two plans are the same.") : QString());
  updateTotals(a, b);
  showSelection();
  QString hint = tr("%1 of %2 layers differ").arg(m_comparison->differing).arg(m_comparison->rows.size());
  if (m_comparison->onlyInA) hint += QStringLiteral(", ") + tr("%1 only in A").arg(m_comparison->onlyInA);
  if (m_comparison->onlyInB) hint += QStringLiteral(", ") + tr("%1 only in B").arg(m_comparison->onlyInB);
  setHint(hint);
}

void CompareView::updateTotals(const ComparedPlan&, const ComparedPlan&) {
  const auto* table = workspace().table();
  const QString unit = table ? QString::fromStdString(table->unit) : QString(), muted = Theme::of(this).label.name();
  const auto head = [&](const QString& text) { return QStringLiteral("<td align='right' style='color:%1'>&nbsp;&nbsp;&nbsp;%2</td>").arg(muted, text.toHtmlEscaped()); };
  const QString metric = QStringLiteral("Δ") + scoreName(workspace().metric);
  m_totals->setText(QStringLiteral("<table cellspacing='0'><tr><td></td>") + head(tr("size")) + head(tr("per weight")) + head(tr("predicted %1").arg(metric) + (unit.isEmpty() ? QString() : QStringLiteral(", ") + unit)) + head(tr("measured")) + head(tr("ratio")) +
                    QStringLiteral("</tr>") + totalsRow(QStringLiteral("A"), m_comparison->a, m_comparison->additivityA, muted) +
                    totalsRow(QStringLiteral("B"), m_comparison->b, m_comparison->additivityB, muted) + QStringLiteral("</table>"));
  const auto spoken = [&](const PlanTotals& totals, const Additivity& additivity) {
    return bytesText(totals.bytes) + QStringLiteral(", ") + tr("predicted %1").arg(estimateText(totals.predicted, unit)) + (additivity.known ? QStringLiteral(", ") + tr("measured over predicted %1").arg(estimateText(additivity.ratio)) : QString());
  };
  m_totals->setAccessibleName(tr("A: %1. B: %2.").arg(spoken(m_comparison->a, m_comparison->additivityA), spoken(m_comparison->b, m_comparison->additivityB)));
  m_totals->setToolTip(tr("The ratio of measured over predicted is 1 where layers do not disturb each other; its error comes from both."));
}

void CompareView::updateButtons() {
  const int chosen = static_cast<int>(std::count_if(m_comparison->rows.begin(), m_comparison->rows.end(), [this](const auto& row) { return row.differs && workspace().selected(row.layer); }));
  const bool other = m_b->currentData().toString() != QLatin1String("working");
  m_takeSelected->setText(chosen ? tr("Take %n of B", nullptr, chosen) : tr("Take selected of B"));
  m_takeSelected->setEnabled(other && chosen > 0);
  m_takeAll->setEnabled(other);
}

void CompareView::showSelection() {
  m_syncing = true;
  QItemSelection selection;
  int first = -1;
  for (const int layer : workspace().selection)
    if (const int row = m_model->rowOf(layer); row >= 0) {
      const auto left = m_model->index(row, 0), right = m_model->index(row, ComparisonModel::columns - 1);
      if (!selection.isEmpty() && selection.constLast().bottom() == row - 1) selection.last() = QItemSelectionRange(selection.constLast().topLeft(), right);
      else selection.append(QItemSelectionRange(left, right));
      if (first < 0 || layer == workspace().current) first = row;
    }
  m_table->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
  if (first >= 0 && !m_table->hasFocus()) m_table->scrollTo(m_model->index(first, ComparisonModel::name));
  m_syncing = false;
  m_chart->refreshMarks();
  updateButtons();
}

void CompareView::take(bool all) {
  std::vector<int> layers;
  for (const auto& row : m_comparison->rows)
    if (row.differs && (all || workspace().selected(row.layer))) layers.push_back(row.layer);
  const QString id = m_b->currentData().toString();
  if (id.startsWith(QLatin1String("stored:"))) {
    Q_EMIT requested(request::TakeSettings{id.mid(7).toStdString(), all ? std::vector<int>() : layers});
    return;
  }
  request::ChangeSettings change;  // the solver's plan has no name to be taken by
  for (const auto& row : m_comparison->rows)
    if (std::binary_search(layers.begin(), layers.end(), row.layer) && !workspace().plan.layers[static_cast<std::size_t>(row.layer)].locked) change.settings.emplace_back(row.layer, row.b);
  if (!change.settings.empty()) Q_EMIT requested(change);
}

void CompareView::resizeEvent(QResizeEvent* event) {
  View::resizeEvent(event);
  m_splitter->setOrientation(width() > 900 ? Qt::Horizontal : Qt::Vertical);
  m_chart->setVisible(width() > 900 || height() >= 320);
  m_totals->setVisible(height() >= 240);
  m_table->setColumnHidden(ComparisonModel::bytes, width() < 560);
  m_table->setColumnHidden(ComparisonModel::damage, width() < 420);
}

}  // namespace planish::views
