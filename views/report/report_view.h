#pragma once

#include "views/base/view.h"

#include <memory>

class QLabel;
class QPushButton;
class QTextBrowser;
class QTextDocument;
class QTimer;

namespace planish::views {

class ReportPageMaker;

/// One page to keep, with a preview; saved as HTML or PDF.
class ReportView : public View {
  Q_OBJECT

 public:
  explicit ReportView(const Workspace& workspace, QWidget* parent = nullptr);
  ~ReportView() override;

  /// By suffix: .html or .pdf. False with a text in `problem`.
  bool saveTo(const QString& path, QString* problem = nullptr) const;
  QTextBrowser* preview() const { return m_preview; }

 Q_SIGNALS:
  void shown();  ///< the preview has a new page

 protected:
  void refresh(Changes changes) override;

 private:
  void choose(const QString& suffix);
  void order();
  void take(std::unique_ptr<QTextDocument> page);
  QTextBrowser* m_preview;
  QPushButton *m_html, *m_pdf;
  QLabel* m_saved;
  ReportPageMaker* m_maker;
  QTimer* m_calm;
  std::unique_ptr<QTextDocument> m_page;  ///< what the preview shows
  bool m_stale = false;
};

}  // namespace planish::views
