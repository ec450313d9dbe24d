#include "views/data/data_view.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/data/preprocessing_form.h"
#include "views/data/sample_delegate.h"
#include "views/data/sample_panel.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QListView>
#include <QMenu>
#include <QPushButton>
#include <QResizeEvent>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace planish::views {
namespace {

constexpr int kSideNeeds = 520;  ///< pixels of width from which the current sample stands beside the grid

}  // namespace

DataView::DataView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("data"), tr("Data"), parent), m_loader(new SampleLoader(this)), m_model(new SampleModel(m_loader, this)),
      m_pages(new QStackedWidget(this)), m_kinds(new QStackedWidget), m_grid(new QListView), m_table(new QTableView), m_splitter(new QSplitter),
      m_side(new QScrollArea), m_panel(new SamplePanel), m_form(new PreprocessingForm), m_which(new QComboBox), m_filters(new QButtonGroup(this)),
      m_ask(new QPushButton(tr("Ask both networks"))), m_chooseData(new QPushButton(tr("Choose data…"))),
      m_chooseCalibration(new QPushButton(tr("Choose calibration…"))), m_chooseHere(new QPushButton), m_more(new QToolButton), m_empty(new QLabel) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k8);
  layout->addWidget(makeBar());
  layout->addWidget(m_pages, 1);
  m_pages->addWidget(makeEmptyPage());
  m_pages->addWidget(m_splitter);
  m_splitter->setChildrenCollapsible(false);
  m_splitter->addWidget(m_kinds);
  m_splitter->addWidget(makeSide());
  m_splitter->setStretchFactor(0, 1);

  m_grid->setObjectName(QStringLiteral("samples"));
  m_which->setObjectName(QStringLiteral("which"));
  m_grid->setModel(m_model);
  m_grid->setItemDelegate(new SampleDelegate(m_grid));
  m_grid->setViewMode(QListView::ListMode);
  m_grid->setFlow(QListView::LeftToRight);
  m_grid->setWrapping(true);
  m_grid->setResizeMode(QListView::Adjust);
  m_grid->setUniformItemSizes(true);
  m_grid->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  m_grid->setAccessibleName(tr("Samples"));
  m_table->setModel(m_model);
  m_table->setAccessibleName(tr("Samples as numbers"));
  m_table->verticalHeader()->hide();
  m_table->verticalHeader()->setDefaultSectionSize(22);
  m_table->horizontalHeader()->setDefaultSectionSize(72);
  m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
  m_table->setSelectionMode(QAbstractItemView::SingleSelection);
  for (auto* view : std::initializer_list<QAbstractItemView*>{m_grid, m_table}) {
    view->setFrameShape(QFrame::NoFrame);
    view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_kinds->addWidget(view);
    connect(view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) { choose(index.row()); });
  }
  connect(m_loader, &SampleLoader::detailReady, this, [this](const SampleDetail& detail) {
    if (detail.sample == m_current) m_panel->show(detail, *m_model);
  });
  connect(m_form, &PreprocessingForm::changed, this, [this](const Preprocessing& how) { Q_EMIT requested(request::ChangePreprocessing{how}); });
  m_form->setTrial([this](const Preprocessing& how) {
    if (const auto own = source(); own && this->workspace().network) BatchSource(*this->workspace().network->network, own->sharedDataset(), how, 1);
  });
}

QWidget* DataView::makeBar() {
  auto* bar = new QWidget;
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(space::k4);
  m_which->addItems({tr("judging"), tr("calibration")});
  m_which->setAccessibleName(tr("Which data"));
  m_which->setToolTip(tr("Judging data tells how good a network is; calibration data is what methods may look at"));
  row->addWidget(m_which);
  row->addSpacing(space::k8);
  const QString names[] = {tr("All"), tr("Changed"), tr("Wrong")};
  for (int i = 0; i < 3; ++i) {
    auto* button = new QToolButton;
    button->setCheckable(true);
    button->setAutoRaise(true);
    button->setText(names[i]);
    button->setFocusPolicy(Qt::StrongFocus);
    button->setAccessibleName(tr("Show: %1").arg(names[i]));
    m_filters->addButton(button, i);
    row->addWidget(button);
  }
  m_filters->button(0)->setChecked(true);
  row->addStretch(1);
  for (auto* button : {m_ask, m_chooseData, m_chooseCalibration})
    row->addWidget(button);
  m_more->setText(QStringLiteral("⋯"));
  m_more->setStyleSheet(QStringLiteral("QToolButton::menu-indicator { image: none; }"));  // it would lie on the dots
  m_more->setToolTip(tr("Ask both networks, choose data"));
  m_more->setAccessibleName(m_more->toolTip());
  m_more->setPopupMode(QToolButton::InstantPopup);
  m_more->setFocusPolicy(Qt::StrongFocus);
  auto* menu = new QMenu(m_more);
  for (auto* button : {m_ask, m_chooseData, m_chooseCalibration})
    menu->addAction(button->text(), button, &QPushButton::click);
  m_more->setMenu(menu);
  row->addWidget(m_more);
  for (auto* widget : bar->findChildren<QWidget*>()) {
    widget->setFont(labelFont());
    widget->setMinimumWidth(24);
  }
  m_ask->setToolTip(tr("Let the original and the compressed network answer every judging sample"));
  for (auto* button : {m_ask, m_chooseData, m_chooseCalibration})
    button->setAccessibleName(button->text());
  connect(m_which, &QComboBox::activated, this, [this] { showContent(); });
  connect(m_filters, &QButtonGroup::idClicked, this, [this](int id) { setFilter(static_cast<SampleModel::Filter>(id)); });
  connect(m_ask, &QPushButton::clicked, this, [this] { Q_EMIT requested(request::CompareAnswers{}); });
  connect(m_chooseData, &QPushButton::clicked, this, [this] { Q_EMIT requested(request::ChooseData{false}); });
  connect(m_chooseCalibration, &QPushButton::clicked, this, [this] { Q_EMIT requested(request::ChooseData{true}); });
  return bar;
}

QWidget* DataView::makeEmptyPage() {
  auto* page = new QWidget;
  auto* layout = new QVBoxLayout(page);
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_empty->setTextFormat(Qt::PlainText);
  layout->addStretch(1);
  layout->addWidget(m_empty);
  layout->addWidget(m_chooseHere, 0, Qt::AlignHCenter);
  layout->addStretch(1);
  connect(m_chooseHere, &QPushButton::clicked, this, &DataView::requestChoice);
  return page;
}

QWidget* DataView::makeSide() {
  auto* content = new QWidget;
  auto* layout = new QVBoxLayout(content);
  layout->setContentsMargins(space::k12, 0, 0, 0);
  layout->setSpacing(space::k8);
  layout->addWidget(m_panel, 1);
  auto* caption = new QLabel(tr("Preprocessing: (value × scale − mean) ÷ std"));
  caption->setFont(labelFont());
  caption->setWordWrap(true);
  layout->addWidget(caption);
  layout->addWidget(m_form);
  m_side->setWidget(content);
  m_side->setWidgetResizable(true);
  m_side->setFrameShape(QFrame::NoFrame);
  m_side->setFocusPolicy(Qt::NoFocus);
  m_side->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_side->setMinimumWidth(230);
  m_side->setMaximumWidth(420);
  m_side->viewport()->setAutoFillBackground(false);
  content->setAutoFillBackground(false);
  return m_side;
}

bool DataView::calibration() const {
  return m_which->currentIndex() == 1;
}
std::shared_ptr<const BatchSource> DataView::source() const {
  return calibration() ? workspace().calibration : workspace().data;
}

void DataView::refresh(Changes changes) {
  if (changes & (Changes(Change::network) | Change::data | Change::answers))
    showContent();
  else if (changes & (Changes(Change::jobs) | Change::results))
    showState();
}

void DataView::showContent() {
  const auto own = source();
  const auto answers = calibration() ? nullptr : workspace().answers;
  if (own != m_shownSource) {
    m_loader->setSource(own);
    m_current = -1;
    m_panel->clear();
  }
  if (own != m_shownSource || answers != m_shownAnswers) {
    const int sample = m_current;
    m_shownSource = own;
    m_shownAnswers = answers;
    m_model->setContent(own, answers);
    if (own) m_form->show(own->preprocessing());
    bool picture = true;
    if (own && own->count() > 0) {
      try {
        const Dataset& data = own->dataset();
        picture = pictureForm(data.sample(data.arrays().at(0), 0).shape(), data.order(), own->preprocessing().layout).has_value();
      } catch (const Error&) {
        picture = false;  // the table tells which samples cannot be read
      }
    }
    m_kinds->setCurrentIndex(picture ? 0 : 1);
    m_table->setColumnHidden(SampleModel::label, !own || !own->hasLabels());
    for (const int column : {SampleModel::original, SampleModel::compressed, SampleModel::kl})
      m_table->setColumnHidden(column, !answers);
    const int row = std::max(0, m_model->rowOf(sample));
    for (auto* view : std::initializer_list<QAbstractItemView*>{m_grid, m_table})
      view->setCurrentIndex(m_model->index(row, 0));
    choose(row);
  }
  showState();
}

void DataView::showState() {
  const Workspace& w = workspace();
  const auto own = source();
  m_pages->setCurrentIndex(own ? 1 : 0);
  m_empty->setText(!w.network      ? tr("Open a network first")
                   : calibration() ? tr("No calibration data: methods that look at activations need some")
                                   : tr("No data: choose labelled samples to judge networks by"));
  m_chooseHere->setText(calibration() ? tr("Choose calibration…") : tr("Choose data…"));
  m_chooseHere->setAccessibleName(m_chooseHere->text());
  m_chooseHere->setVisible(w.network != nullptr);
  const JobState* running = w.runningJob();
  const bool asking = running && running->kind == JobKind::answers;
  m_ask->setText(asking ? tr("Asking… %1 %").arg(static_cast<int>(running->fraction * 100)) : tr("Ask both networks"));
  m_ask->setEnabled(w.data && !asking);
  m_chooseData->setEnabled(w.network != nullptr);
  m_chooseCalibration->setEnabled(w.network != nullptr);
  const bool answered = !calibration() && w.answers && own;
  const QString names[] = {tr("All %1"), tr("Changed %1"), tr("Wrong %1")};
  for (int i = 0; i < 3; ++i) {
    auto* button = m_filters->button(i);
    button->setText(
        names[i]
            .arg(width() >= 420 && (i == 0 || answered) ? QString::number(m_model->count(static_cast<SampleModel::Filter>(i))) : QString())
            .trimmed());
    button->setEnabled(i == 0 || answered);
    button->setToolTip(i == 0 || answered ? QString() : tr("Ask both networks first"));
  }
  if (!answered && m_model->filter() != SampleModel::Filter::all) {
    m_filters->button(0)->setChecked(true);
    setFilter(SampleModel::Filter::all);
  }
  QString hint;
  if (own) hint = tr("%1 samples").arg(own->count());
  if (answered && !w.answers->plan.empty()) hint += tr(" · compressed by “%1”").arg(plainName(w.answers->plan, 40));
  if (own && !own->warnings().empty()) hint += QStringLiteral(" · ") + QString::fromStdString(own->warnings().front());
  setHint(hint);
}

void DataView::setFilter(SampleModel::Filter filter) {
  const int sample = m_current;
  m_model->setFilter(filter);
  const int row = std::max(0, m_model->rowOf(sample));
  for (auto* view : std::initializer_list<QAbstractItemView*>{m_grid, m_table})
    view->setCurrentIndex(m_model->index(row, 0));
  choose(row);
}

void DataView::choose(int row) {
  m_current = m_model->sampleAt(row);
  if (m_current < 0)
    m_panel->clear();
  else
    m_loader->askDetail(m_current);
}

void DataView::resizeEvent(QResizeEvent* event) {
  View::resizeEvent(event);
  m_side->setVisible(event->size().width() >= kSideNeeds);
  arrangeBar(event->size().width());
}

void DataView::arrangeBar(int width) {
  const bool narrow = width < 640;
  for (auto* button : {m_ask, m_chooseData, m_chooseCalibration})
    button->setVisible(!narrow);
  m_more->setVisible(narrow);
  m_which->setMaximumWidth(width < 420 ? 76 : QWIDGETSIZE_MAX);
  showState();
}

}  // namespace planish::views
