#pragma once

#include "views/base/view.h"

class QLabel;
class QPushButton;
class QTextBrowser;

namespace planish::views {

/// One page to keep, with a preview; saved as HTML or PDF.
class ReportView : public View {
  Q_OBJECT

 public:
  explicit ReportView(const Workspace& workspace, QWidget* parent = nullptr);

  /// By suffix: .html or .pdf. False with a text in `problem`.
  bool saveTo(const QString& path, QString* problem = nullptr) const;
  QTextBrowser* preview() const { return m_preview; }

 protected:
  void refresh(Changes changes) override;

 private:
  void choose(const QString& suffix);
  QTextBrowser* m_preview;
  QPushButton *m_html, *m_pdf;
  QLabel* m_saved;
};

}  // namespace planish::views
