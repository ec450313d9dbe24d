#include "views/base/numbers.h"
#include "views/network/layer_model.h"
#include "views/network/network_view.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMenu>
#include <QTreeView>

#include <algorithm>
#include <set>

namespace planish::views {

void NetworkView::fillMenu(QMenu& menu) {
  menu.setToolTipsVisible(true);
  const auto layers = chosen();
  if (layers.empty()) {
    menu.addAction(tr("Select a layer first"))->setEnabled(false);
    return;
  }
  auto* settings = menu.addMenu(layers.size() == 1 ? tr("Set to") : tr("Set %n layers to", nullptr, static_cast<int>(layers.size())));
  fillSettings(*settings, layers);
  menu.addAction(tr("More bits"), QKeySequence(Qt::Key_Plus), this, [this] { step(1); });
  menu.addAction(tr("Fewer bits"), QKeySequence(Qt::Key_Minus), this, [this] { step(-1); });
  menu.addSeparator();
  const auto locked = [this](int layer) { return static_cast<std::size_t>(layer) < workspace().plan.layers.size() && workspace().plan.layers[static_cast<std::size_t>(layer)].locked; };
  const bool all = std::all_of(layers.begin(), layers.end(), locked), none = std::none_of(layers.begin(), layers.end(), locked);
  menu.addAction(tr("Lock"), QKeySequence(Qt::Key_L), this, [this, layers] { Q_EMIT requested(request::LockLayers{layers, true}); })->setEnabled(!all);
  menu.addAction(tr("Unlock"), QKeySequence(Qt::SHIFT | Qt::Key_L), this, [this, layers] { Q_EMIT requested(request::LockLayers{layers, false}); })->setEnabled(!none);
  menu.addSeparator();
  menu.addAction(tr("Select block"), QKeySequence(Qt::Key_B), this, [this] { selectBlock(); });
  menu.addAction(tr("Inspect"), QKeySequence(Qt::Key_Return), this, [this] { inspect(m_tree->currentIndex()); })->setEnabled(workspace().current >= 0);
}

void NetworkView::fillSettings(QMenu& menu, const std::vector<int>& layers) {
  menu.setToolTipsVisible(true);
  const auto own = static_cast<std::size_t>(layers.front());
  if (own >= workspace().menus.size()) return;
  const bool one = layers.size() == 1;
  for (const auto& item : workspace().menus[own]) {
    const QString text = QString::fromStdString(toText(item.setting));
    QString refusal, label = text;
    std::vector<std::pair<int, Setting>> changes;
    for (const int layer : layers) {
      const MenuItem* entry = menuItem(workspace(), layer, item.setting);
      if (!entry || !entry->legal()) {
        const auto& name = workspace().network->layers.items[static_cast<std::size_t>(layer)].name;
        if (refusal.isEmpty()) refusal = (one ? QString() : plainName(name) + QStringLiteral(": ")) + (entry ? entry->refusal : tr("not offered for this layer"));
      } else {
        changes.emplace_back(layer, item.setting);
      }
    }
    if (one && item.damage) label += QStringLiteral("\t%1, %2").arg(bytesText(item.bits.bytes()), numberText(item.damage->mean));
    else if (one) label += QLatin1Char('\t') + bytesText(item.bits.bytes());
    auto* action = menu.addAction(label, this, [this, changes] { Q_EMIT requested(request::ChangeSettings{changes, 0}); });
    action->setData(text);
    action->setEnabled(refusal.isEmpty());
    if (!refusal.isEmpty()) action->setToolTip(QStringLiteral("<p>") + refusal.toHtmlEscaped() + QStringLiteral("</p>"));
    action->setCheckable(true);
    const auto& planned = workspace().plan.layers;
    action->setChecked(std::all_of(layers.begin(), layers.end(), [&](int layer) { return static_cast<std::size_t>(layer) < planned.size() && planned[static_cast<std::size_t>(layer)].setting == item.setting; }));
  }
}

void NetworkView::step(int direction) {
  std::vector<std::pair<int, Setting>> changes;
  for (const int layer : chosen()) {
    const auto at = static_cast<std::size_t>(layer);
    if (at >= workspace().plan.layers.size() || at >= workspace().menus.size() || workspace().plan.layers[at].locked) continue;
    const Setting& own = workspace().plan.layers[at].setting;
    const MenuItem* next = nullptr;
    for (const auto& item : workspace().menus[at]) {
      const double rise = (item.setting.bitsPerCode() - own.bitsPerCode()) * direction;
      const bool alike = item.setting.isKeep() || own.isKeep() || (item.setting.sparsity == own.sparsity && item.setting.rank == own.rank && item.setting.activationBits == own.activationBits);
      if (item.legal() && alike && rise > 0 && (!next || rise < (next->setting.bitsPerCode() - own.bitsPerCode()) * direction)) next = &item;
    }
    if (next) changes.emplace_back(layer, next->setting);
  }
  if (!changes.empty()) Q_EMIT requested(request::ChangeSettings{changes, 0});
}

void NetworkView::selectBlock() {
  if (!workspace().network) return;
  const auto& items = workspace().network->layers.items;
  std::set<std::string> blocks;
  std::set<int> layers;
  for (const int layer : chosen()) {
    layers.insert(layer);
    if (const auto& block = items[static_cast<std::size_t>(layer)].block; !block.empty()) blocks.insert(block);
  }
  for (std::size_t i = 0; i < items.size(); ++i)
    if (blocks.contains(items[i].block)) layers.insert(static_cast<int>(i));
  Q_EMIT requested(request::Select{{layers.begin(), layers.end()}, workspace().current});
}

void NetworkView::inspect(const QModelIndex& index) {
  const int layer = m_model->layerAt(index);
  if (layer < 0) return;
  Q_EMIT requested(request::Select{workspace().selected(layer) ? workspace().selection : std::vector<int>{layer}, layer});
  Q_EMIT requested(request::Inspect{layer});
  Q_EMIT requested(request::ShowView{QStringLiteral("layer")});
}

bool NetworkView::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return View::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  if (watched == m_filter) {
    if (key->key() == Qt::Key_Escape && !m_filter->text().isEmpty()) {
      m_filter->clear();
      return true;
    }
    if (key->key() == Qt::Key_Down) {
      m_tree->setFocus();
      return true;
    }
    if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
      applyFilter();
      if (m_filter->text().trimmed().isEmpty()) return true;
      Q_EMIT requested(request::Select{m_model->visibleLayers(), -1});
      return true;
    }
    return View::eventFilter(watched, event);
  }
  if (key->modifiers() & (Qt::ControlModifier | Qt::AltModifier)) {
    if (key->matches(QKeySequence::Find)) {
      m_filter->setFocus();
      m_filter->selectAll();
      return true;
    }
    return View::eventFilter(watched, event);
  }
  switch (key->key()) {
    case Qt::Key_L: Q_EMIT requested(request::LockLayers{chosen(), !(key->modifiers() & Qt::ShiftModifier)}); return true;
    case Qt::Key_B: selectBlock(); return true;
    case Qt::Key_Plus: step(1); return true;
    case Qt::Key_Minus: step(-1); return true;
    case Qt::Key_Slash: m_filter->setFocus(); return true;
    default: return View::eventFilter(watched, event);
  }
}

}  // namespace planish::views
