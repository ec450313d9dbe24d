#include "views/report/report_page.h"

#include "views/report/report_charts.h"
#include "views/report/report_html.h"

#include <QAbstractTextDocumentLayout>
#include <QEventLoop>
#include <QImage>
#include <QPainter>
#include <QTextDocument>
#include <QUrl>

namespace planish::views {
namespace {

constexpr int kMargins = 90;  ///< of the page at both sides

}  // namespace

void fillReport(QTextDocument& document, const Workspace& workspace, double scale, int mostLayers, int widest) {
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
  document.setHtml(reportHtmlForDocument(workspace, mostLayers, widest));
}

ReportPageMaker::ReportPageMaker(Done done, QObject* parent) : QObject(parent), m_done(std::move(done)) { m_pool.setMaxThreadCount(1); }

ReportPageMaker::~ReportPageMaker() {
  m_pool.clear();
  m_pool.waitForDone();
}

void ReportPageMaker::order(const Workspace& workspace, const ReportLook& look) {
  // A copy, since the window goes on changing its own.
  const auto seen = std::make_shared<const Workspace>(workspace);
  const int ticket = ++m_ticket;
  ++m_waiting;
  m_pool.start([this, seen, look, ticket, home = thread()] {
    auto document = std::make_unique<QTextDocument>();
    document->setUndoRedoEnabled(false);
    document->setDefaultFont(look.font);
    document->setDefaultTextOption(look.option);
    fillReport(*document, *seen, look.scale, look.mostLayers, std::max(240, look.width - kMargins));
    document->setPageSize(QSizeF(look.width, -1));
    (void)document->documentLayout()->documentSize();  // lays out
    QEventLoop().processEvents();  // timers of the layout end on the thread that began them
    document->moveToThread(home);
    const auto handed = std::make_shared<std::unique_ptr<QTextDocument>>(std::move(document));
    QMetaObject::invokeMethod(this, [this, ticket, handed] {
      --m_waiting;
      if (ticket == m_ticket) m_done(std::move(*handed));
    }, Qt::QueuedConnection);
  });
}

}  // namespace planish::views
