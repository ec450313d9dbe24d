#pragma once

#include "views/base/view.h"

#include <algorithm>
#include <vector>

namespace planish::views {

/// Keeps a view's requests, and answers selections, settings and locks in the workspace as the application does.
class Answering : public QObject {
 public:
  Answering(View& view, Workspace& workspace) : m_view(view), m_workspace(workspace) {
    connect(&view, &View::requested, this, [this](const Request& request) { answer(request); });
  }

  template <typename R>
  std::vector<R> all() const {
    std::vector<R> found;
    for (const auto& request : requests)
      if (const auto* one = std::get_if<R>(&request)) found.push_back(*one);
    return found;
  }

  std::vector<Request> requests;

 private:
  void answer(const Request& request) {
    requests.push_back(request);
    if (const auto* select = std::get_if<request::Select>(&request)) {
      m_workspace.selection = select->layers;
      std::sort(m_workspace.selection.begin(), m_workspace.selection.end());
      m_workspace.current = select->current;
      m_view.note(Change::selection);
    } else if (const auto* change = std::get_if<request::ChangeSettings>(&request)) {
      for (const auto& [layer, setting] : change->settings) {
        auto& planned = m_workspace.plan.layers[static_cast<std::size_t>(layer)];
        planned.setting = setting;
        if (const MenuItem* item = menuItem(m_workspace, layer, setting)) planned.bits = item->bits;
      }
      m_workspace.totals = totalsWith(m_workspace);
      m_view.note(Change::plan);
    } else if (const auto* lock = std::get_if<request::LockLayers>(&request)) {
      for (const int layer : lock->layers) m_workspace.plan.layers[static_cast<std::size_t>(layer)].locked = lock->locked;
      m_view.note(Change::plan);
    }
  }

  View& m_view;
  Workspace& m_workspace;
};

}  // namespace planish::views
