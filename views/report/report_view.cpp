#include "views/report/report_view.h"

#include "views/base/theme.h"
#include "views/report/report_html.h"
#include "views/report/report_page.h"

#include <QAbstractTextDocumentLayout>
#include <QApplication>
#include <QBuffer>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMessageBox>
#include <QPageLayout>
#include <QPdfWriter>
#include <QPushButton>
#include <QSaveFile>
#include <QScrollBar>
#include <QTextBrowser>
#include <QTextDocument>
#include <QTimer>
#include <QVBoxLayout>

namespace planish::views {
namespace {

constexpr int kCalm = 400;         ///< milliseconds between two pages while things change
constexpr int kPreviewLayers = 40;  ///< rows of the plan in the preview: a row's layout costs the window's thread a fifth of a millisecond

QByteArray pdf(const Workspace& workspace) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  writer.setPageSize(QPageSize(QPageSize::A4));
  writer.setPageMargins(QMarginsF(14, 14, 14, 14), QPageLayout::Millimeter);
  writer.setTitle(ReportView::tr("Compression report"));
  writer.setCreator(QStringLiteral("Planish"));
  writer.setResolution(150);
  QTextDocument document;
  QFont font = QApplication::font();
  font.setPointSizeF(8.5);
  document.setDefaultFont(font);
  document.documentLayout()->setPaintDevice(&writer);
  document.setPageSize(QSizeF(writer.width(), writer.height()));
  fillReport(document, workspace, 3, workspace.layerCount(), 710);
  document.print(&writer);
  return bytes;
}

}  // namespace

ReportView::ReportView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("report"), tr("Report"), parent), m_preview(new QTextBrowser(this)), m_html(new QPushButton(tr("Save as HTML…"), this)),
      m_pdf(new QPushButton(tr("Save as PDF…"), this)), m_saved(new QLabel(this)),
      m_maker(new ReportPageMaker([this](std::unique_ptr<QTextDocument> page) { take(std::move(page)); }, this)), m_calm(new QTimer(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k8);
  auto* head = new QHBoxLayout;
  head->addWidget(m_html);
  head->addWidget(m_pdf);
  head->addWidget(m_saved, 1);
  layout->addLayout(head);
  layout->addWidget(m_preview, 1);
  m_saved->setTextFormat(Qt::PlainText);
  m_saved->setForegroundRole(QPalette::PlaceholderText);
  m_preview->setOpenLinks(false);
  m_preview->setAccessibleName(tr("Preview of the report"));
  // The page is made for paper: it stays light on dark screens, too.
  m_preview->setPalette(Theme::light().palette());
  m_preview->setFrameShape(QFrame::NoFrame);
  m_preview->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);  // else each page is laid out without and with it
  connect(m_html, &QPushButton::clicked, this, [this] { choose(QStringLiteral(".html")); });
  connect(m_pdf, &QPushButton::clicked, this, [this] { choose(QStringLiteral(".pdf")); });
  m_calm->setSingleShot(true);
  m_calm->setInterval(kCalm);
  connect(m_calm, &QTimer::timeout, this, [this] {
    if (std::exchange(m_stale, false)) order();
  });
}

ReportView::~ReportView() {
  if (m_page) m_preview->setDocument(nullptr);  // the view may not outlive what it shows
}

void ReportView::refresh(Changes changes) {
  const Changes shown = Changes(Change::network) | Change::data | Change::tables | Change::plan | Change::budget | Change::plans | Change::metric | Change::front | Change::results;
  if (!(changes & shown)) return;
  const bool open = workspace().network != nullptr;
  m_html->setEnabled(open);
  m_pdf->setEnabled(open);
  if (!open) {
    m_maker->forget();
    m_preview->setPlainText(tr("Open a network: everything that is found out about it is gathered here on one page."));
  } else if (m_calm->isActive() || m_maker->busy()) {
    m_stale = true;  // rows arrive faster than a page is worth making
    if (!m_calm->isActive()) m_calm->start();
  } else {
    order();
  }
  setHint(open && workspace().project.results.empty() ? tr("compress the plan to add measured scores") : QString());
}

void ReportView::order() {
  m_maker->order(workspace(), {m_preview->font(), m_preview->document()->defaultTextOption(), devicePixelRatioF(), m_preview->viewport()->width(), kPreviewLayers});
  m_calm->start();
}

void ReportView::take(std::unique_ptr<QTextDocument> page) {
  const int at = m_preview->verticalScrollBar()->value();
  m_preview->setDocument(page.get());  // lays it out for the width of the view
  m_page = std::move(page);
  m_preview->verticalScrollBar()->setValue(at);
  Q_EMIT shown();
}

bool ReportView::saveTo(const QString& path, QString* problem) const {
  const QByteArray bytes = path.endsWith(QLatin1String(".pdf"), Qt::CaseInsensitive) ? pdf(workspace()) : reportHtml(workspace()).toUtf8();
  QSaveFile file(path);
  const bool written = !bytes.isEmpty() && file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
  if (!written && problem) *problem = tr("%1 could not be written: %2").arg(path, file.errorString());
  return written;
}

void ReportView::choose(const QString& suffix) {
  QString path = QFileDialog::getSaveFileName(this, tr("Save the report"), QStringLiteral("report") + suffix, QStringLiteral("*") + suffix);
  if (path.isEmpty()) return;
  if (!path.endsWith(suffix, Qt::CaseInsensitive)) path += suffix;
  QString problem;
  if (saveTo(path, &problem)) m_saved->setText(tr("saved: %1").arg(path));
  else QMessageBox::warning(this, title(), problem);
}

}  // namespace planish::views
