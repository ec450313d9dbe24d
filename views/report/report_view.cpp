#include "views/report/report_view.h"

#include "views/base/theme.h"
#include "views/report/report_charts.h"
#include "views/report/report_html.h"

#include <QAbstractTextDocumentLayout>
#include <QApplication>
#include <QBuffer>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QImage>
#include <QLabel>
#include <QMessageBox>
#include <QPageLayout>
#include <QPainter>
#include <QPdfWriter>
#include <QPushButton>
#include <QSaveFile>
#include <QScrollBar>
#include <QTextBrowser>
#include <QTextDocument>
#include <QVBoxLayout>

namespace planish::views {
namespace {

/// Text and pictures; the charts at `scale` times their size.
void fill(QTextDocument& document, const Workspace& workspace, double scale) {
  int number = 0;
  for (const auto& chart : reportCharts(workspace)) {
    QImage image(chart.size * scale, QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    image.fill(Qt::white);
    QPainter painter(&image);
    chart.paint(painter);
    painter.end();
    document.addResource(QTextDocument::ImageResource, QUrl(QStringLiteral("chart:%1").arg(number++)), image);
  }
  document.setHtml(reportHtmlForDocument(workspace));
}

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
  fill(document, workspace, 3);
  document.print(&writer);
  return bytes;
}

}  // namespace

ReportView::ReportView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("report"), tr("Report"), parent), m_preview(new QTextBrowser(this)), m_html(new QPushButton(tr("Save as HTML…"), this)),
      m_pdf(new QPushButton(tr("Save as PDF…"), this)), m_saved(new QLabel(this)) {
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
  connect(m_html, &QPushButton::clicked, this, [this] { choose(QStringLiteral(".html")); });
  connect(m_pdf, &QPushButton::clicked, this, [this] { choose(QStringLiteral(".pdf")); });
}

void ReportView::refresh(Changes changes) {
  const Changes shown = Changes(Change::network) | Change::data | Change::tables | Change::plan | Change::budget | Change::plans | Change::metric | Change::front | Change::results;
  if (!(changes & shown)) return;
  const bool open = workspace().network != nullptr;
  m_html->setEnabled(open);
  m_pdf->setEnabled(open);
  const int at = m_preview->verticalScrollBar()->value();
  if (open) fill(*m_preview->document(), workspace(), devicePixelRatioF());
  else m_preview->setPlainText(tr("Open a network: everything that is found out about it is gathered here on one page."));
  m_preview->verticalScrollBar()->setValue(at);
  setHint(open && workspace().project.results.empty() ? tr("compress the plan to add measured scores") : QString());
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
