#include "app/desktop/option_page.h"

#include "core/base/error.h"
#include "core/compression/compressor.h"
#include "views/base/theme.h"

#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QSpinBox>

#include <algorithm>

namespace planish::desktop {
namespace {

/// In the order of their combo boxes.
enum Scales { perChannel, perTensor, inGroups };
enum Zeros { noZeros, singleZeros, patternZeros, channelZeros };

constexpr int kLargestGroup = 65536;
constexpr int kLargestPattern = 64;
constexpr int kMostHeight = 330;  ///< of the parameters: what a small screen leaves beside the rest

const QStringList kFormats = {QStringLiteral("keep"),    QStringLiteral("int8"),  QStringLiteral("int7"),  QStringLiteral("int6"),  QStringLiteral("int5"),    QStringLiteral("int4"),
                              QStringLiteral("int3"),    QStringLiteral("int2"),  QStringLiteral("uint8"), QStringLiteral("uint6"), QStringLiteral("uint5"),   QStringLiteral("uint4"),
                              QStringLiteral("uint3"),   QStringLiteral("uint2"), QStringLiteral("fp16"),  QStringLiteral("bf16"),  QStringLiteral("fp8e4m3"), QStringLiteral("fp8e5m2"),
                              QStringLiteral("fp4e2m1"), QStringLiteral("nf4")};

bool hasScales(const QString& format) {
  return format != QLatin1String("keep") && format != QLatin1String("fp16") && format != QLatin1String("bf16");
}

}  // namespace

OptionPage::OptionPage(const Document& document, QWidget* parent)
    : JobPage(tr("Compose an option"), tr("What a layer may become. The text below can also be typed, here and on the command line."), tr("Add"), parent), m_document(document),
      m_parameterArea(new QScrollArea(this)), m_parameters(new ParameterForm(m_parameterArea)), m_text(new QLabel(this)) {
  m_format = combo(tr("Number format"), QStringLiteral("option.format"), kFormats);
  m_format->setCurrentText(QStringLiteral("int4"));
  form()->addRow(tr("Number format"), m_format);
  m_scales = combo(tr("Scales"), QStringLiteral("option.scales"), {tr("one for each output channel"), tr("one for all"), tr("in groups of")});
  m_group = number(tr("Inputs in a group"), QStringLiteral("option.group"), 2, kLargestGroup, 32, tr(" inputs"));
  form()->addRow(tr("Scales"), row({m_scales, m_group}));
  m_zeros = combo(tr("Zeros"), QStringLiteral("option.zeros"), {tr("none"), tr("single weights"), tr("a pattern: N of M stay"), tr("whole output channels")});
  m_percent = number(tr("Share of zeros"), QStringLiteral("option.percent"), 1, 99, 50, QStringLiteral(" %"));
  m_stay = number(tr("Weights of the pattern that stay"), QStringLiteral("option.stay"), 1, kLargestPattern - 1, 2, {});
  m_of = number(tr("Weights in the pattern"), QStringLiteral("option.of"), 2, kLargestPattern, 4, {});
  m_of->setPrefix(tr("of "));
  form()->addRow(tr("Zeros"), row({m_zeros, m_percent, m_stay, m_of}));
  m_rank = combo(tr("Rank"), QStringLiteral("option.rank"), {tr("as it is"), tr("a share of the full one")});
  m_rankPercent = number(tr("Share of the rank"), QStringLiteral("option.rankPercent"), 1, 100, 25, QStringLiteral(" %"));
  form()->addRow(tr("Rank"), row({m_rank, m_rankPercent}));
  m_activations = combo(tr("Activations"), QStringLiteral("option.activations"), {tr("as they are"), tr("8 bits"), tr("16 bits")});
  form()->addRow(tr("Activations"), m_activations);
  m_method = combo(tr("Method"), QStringLiteral("option.method"), {});
  form()->addRow(tr("Method"), m_method);
  m_parameterArea->setWidget(m_parameters);
  m_parameterArea->setWidgetResizable(true);
  m_parameterArea->setFrameShape(QFrame::NoFrame);
  m_parameterArea->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_parameterArea->setFocusPolicy(Qt::NoFocus);
  form()->addRow(tr("Its parameters"), m_parameterArea);
  m_text->setObjectName(QStringLiteral("option.text"));
  m_text->setFont(views::valueFont());
  m_text->setTextFormat(Qt::PlainText);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_text->setWordWrap(true);
  form()->addRow(tr("As text"), m_text);
  for (auto* box : {m_format, m_scales, m_zeros, m_rank, m_activations}) connect(box, &QComboBox::currentIndexChanged, this, &OptionPage::partsChanged);
  for (auto* field : {m_group, m_percent, m_stay, m_of, m_rankPercent}) connect(field, &QSpinBox::valueChanged, this, &OptionPage::partsChanged);
  connect(m_method, &QComboBox::currentIndexChanged, this, &OptionPage::methodChanged);
  connect(m_parameters, &ParameterForm::edited, this, &OptionPage::refresh);
  partsChanged();
}

QComboBox* OptionPage::combo(const QString& name, const QString& objectName, const QStringList& items) {
  auto* box = new QComboBox(this);
  box->addItems(items);
  box->setAccessibleName(name);
  box->setObjectName(objectName);
  return box;
}

QSpinBox* OptionPage::number(const QString& name, const QString& objectName, int least, int most, int value, const QString& suffix) {
  auto* field = new QSpinBox(this);
  field->setRange(least, most);
  field->setValue(value);
  field->setSuffix(suffix);
  field->setAccessibleName(name);
  field->setObjectName(objectName);
  return field;
}

QWidget* OptionPage::row(const std::vector<QWidget*>& fields) {
  auto* widget = new QWidget(this);
  auto* layout = new QHBoxLayout(widget);
  layout->setContentsMargins(0, 0, 0, 0);
  for (auto* field : fields) layout->addWidget(field, field == fields.front() ? 1 : 0);
  return widget;
}

Setting OptionPage::withoutMethod() const {
  Setting setting = parseSetting(m_format->currentText().toStdString());
  if (hasScales(m_format->currentText())) {
    if (m_scales->currentIndex() == perTensor) setting.granularity = Granularity::perTensor;
    if (m_scales->currentIndex() == inGroups) {
      setting.granularity = Granularity::perGroup;
      setting.group = m_group->value();
    }
  }
  switch (m_zeros->currentIndex()) {
    case singleZeros: setting.sparsity = {.kind = Sparsity::Kind::unstructured, .percent = double(m_percent->value())}; break;
    case patternZeros: setting.sparsity = {.kind = Sparsity::Kind::pattern, .keep = m_stay->value(), .of = m_of->value()}; break;
    case channelZeros: setting.sparsity = {.kind = Sparsity::Kind::channels, .percent = double(m_percent->value())}; break;
    default: break;
  }
  if (m_rank->currentIndex() > 0) setting.rank.percent = m_rankPercent->value();
  if (m_activations->currentIndex() > 0) setting.activationBits = m_activations->currentIndex() == 1 ? 8 : 16;
  return setting;
}

Setting OptionPage::choice() const {
  Setting setting = withoutMethod();
  setting.method = m_method->currentData().toString().toStdString();
  if (!setting.method.empty()) setting.parameters = m_parameters->changed();
  return setting;
}

QString OptionPage::refusal(const Setting& setting) const {
  const auto& network = m_document.workspace().network;
  if (!network) return {};
  Setting weights = setting;
  weights.activationBits = 0;
  std::string first;
  if (weights.isKeep()) return {};
  for (const auto& layer : network->layers.items) {
    const std::string reason = whyNot(m_document.engine().plugins.compressors, layer, weights);
    if (reason.empty()) return {};
    if (first.empty()) first = reason;
  }
  return QString::fromStdString(first);
}

void OptionPage::partsChanged() {
  m_scales->setEnabled(hasScales(m_format->currentText()));
  m_group->setVisible(m_scales->isEnabled() && m_scales->currentIndex() == inGroups);
  const int zeros = m_zeros->currentIndex();
  m_percent->setVisible(zeros == singleZeros || zeros == channelZeros);
  m_stay->setVisible(zeros == patternZeros);
  m_of->setVisible(zeros == patternZeros);
  m_stay->setMaximum(m_of->value() - 1);
  m_rankPercent->setVisible(m_rank->currentIndex() > 0);
  // The methods that can make it, the chosen one again if it can.
  const QString before = m_method->currentData().toString();
  const QSignalBlocker quiet(m_method);
  m_method->clear();
  m_method->addItem(tr("the first that can"), QString());
  Setting setting = withoutMethod();
  for (const auto& compressor : m_document.engine().plugins.compressors.all()) {
    setting.method = compressor->declaration().id;
    if (!refusal(setting).isEmpty()) continue;
    const QString id = QString::fromStdString(setting.method);
    m_method->addItem(id, id);
    m_method->setItemData(m_method->count() - 1, QStringLiteral("<p>%1</p>").arg(QString::fromStdString(compressor->declaration().help).toHtmlEscaped()), Qt::ToolTipRole);
  }
  m_method->setCurrentIndex(std::max(0, m_method->findData(before)));
  if (m_method->currentData().toString() == before) refresh();
  else methodChanged();
}

void OptionPage::methodChanged() {
  const std::string id = m_method->currentData().toString().toStdString();
  m_parameters->show(id.empty() ? Declaration{} : m_document.engine().plugins.compressors.get(id).declaration(), {});
  refresh();
  QMetaObject::invokeMethod(this, &OptionPage::fitParameters, Qt::QueuedConnection);  // new fields are shown, and have a size, in the event loop only
}

void OptionPage::fitParameters() {
  const QSize needed = m_parameters->sizeHint();
  m_parameterArea->setFixedHeight(std::min(needed.height(), kMostHeight));
  m_parameterArea->setMinimumWidth(needed.width() + m_parameterArea->verticalScrollBar()->sizeHint().width());
  layout()->activate();
  resize(size().expandedTo(sizeHint()));
}

void OptionPage::refresh() {
  const bool any = m_parameters->layout()->count() > 0;
  m_parameterArea->setVisible(any);
  form()->labelForField(m_parameterArea)->setVisible(any);
  const Setting setting = choice();
  m_text->setText(QString::fromStdString(toText(setting)));
  QString problem = m_parameters->problem();
  if (problem.isEmpty()) problem = refusal(setting);
  setWarnings(problem.isEmpty() ? QStringList() : QStringList(problem), !problem.isEmpty());
}

}  // namespace planish::desktop
