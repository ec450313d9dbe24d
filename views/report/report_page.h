#pragma once

#include "views/base/workspace.h"

#include <QFont>
#include <QObject>
#include <QTextOption>
#include <QThreadPool>

#include <functional>
#include <memory>

class QTextDocument;

namespace planish::views {

/// The page's text and pictures into a document; the charts at `scale` times their size, at most `mostLayers` rows of the plan, pictures at most `widest` wide.
void fillReport(QTextDocument& document, const Workspace& workspace, double scale, int mostLayers, int widest);

/// How the view that will show a page lays it out: pages that agree need not be laid out once more.
struct ReportLook {
  QFont font;
  QTextOption option;
  double scale = 1;
  int width = 0, mostLayers = 0;
};

/// Makes the page and lays it out on a thread of its own: hundreds of table cells take longer than a frame. Only the answer to the last
/// order is given, on this object's thread.
class ReportPageMaker : public QObject {
 public:
  using Done = std::function<void(std::unique_ptr<QTextDocument>)>;
  explicit ReportPageMaker(Done done, QObject* parent = nullptr);
  ~ReportPageMaker() override;

  void order(const Workspace& workspace, const ReportLook& look);
  /// What was ordered is no longer wanted.
  void forget() { ++m_ticket; }
  bool busy() const { return m_waiting > 0; }

 private:
  Done m_done;
  QThreadPool m_pool;
  int m_ticket = 0, m_waiting = 0;
};

}  // namespace planish::views
