#include "views/plan/action_row.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/plan/level_scale.h"
#include "views/plan/pattern_box.h"
#include "views/plan/plan_text.h"
#include "views/plan/setting_steps.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QToolButton>

#include <algorithm>
#include <numeric>

namespace planish::views {
namespace {

constexpr int kPatternLeast = 150;

}  // namespace

ActionRow::ActionRow(const Workspace& workspace, QWidget* parent) : QWidget(parent), m_workspace(workspace), m_pattern(new PatternBox(workspace, this)) {
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(space::k4);
  layout->setSizeConstraint(QLayout::SetNoConstraint);
  m_pattern->setMinimumWidth(60);
  layout->addWidget(m_pattern, 1);
  add(Act::setTo, tr("Set to"), tr("Set the selected layers to"), 1);
  add(Act::lock, tr("Lock"), tr("Lock the selected layers"), 3);
  add(Act::unlock, tr("Unlock"), tr("Unlock the selected layers"), 6);
  add(Act::reset, tr("Reset to solver"), tr("Give the selected layers the solver's settings"), 7);
  add(Act::solver, tr("Solver"), tr("Choose the solver"), 5);
  add(Act::solve, tr("Solve rest"), tr("Solve all layers that are not locked"), 0);
  add(Act::undo, QStringLiteral("↶"), tr("Undo"), 2);
  add(Act::redo, QStringLiteral("↷"), tr("Redo"), 4);
  add(Act::compare, tr("Outline"), tr("Plan whose settings are outlined"), 8);
  m_rest = new QToolButton(this);
  m_rest->setText(QStringLiteral("»"));
  m_rest->setAccessibleName(tr("More acts"));
  m_rest->setToolTip(tr("More"));
  m_rest->setPopupMode(QToolButton::InstantPopup);
  auto* rest = new QMenu(m_rest);
  connect(rest, &QMenu::aboutToShow, this, [this, rest] { fillRest(*rest); });
  m_rest->setMenu(rest);
  layout->addWidget(m_rest);
  applyTheme();
}

QToolButton* ActionRow::add(Act act, const QString& text, const QString& accessible, int rank) {
  auto* button = new QToolButton(this);
  button->setText(text);
  button->setAccessibleName(accessible);
  button->setToolTip(accessible);
  button->setFocusPolicy(Qt::TabFocus);
  if (act == Act::setTo || act == Act::solver || act == Act::compare) {
    auto* menu = new QMenu(button);
    menu->setToolTipsVisible(true);
    connect(menu, &QMenu::aboutToShow, this, [this, menu, act] { fill(*menu, act); });
    button->setMenu(menu);
    button->setPopupMode(QToolButton::InstantPopup);
  } else {
    connect(button, &QToolButton::clicked, this, [this, act] { run(act); });
  }
  static constexpr std::array<const char*, 9> kNames = {"setTo", "lock", "unlock", "reset", "solver", "solve", "undo", "redo", "compare"};
  button->setObjectName(QLatin1String(kNames[static_cast<std::size_t>(act)]));
  layout()->addWidget(button);
  m_items.push_back({button, rank});
  return button;
}

std::vector<int> ActionRow::acted() const {
  if (!m_workspace.selection.empty()) return m_workspace.selection;
  return m_workspace.current >= 0 ? std::vector<int>{m_workspace.current} : std::vector<int>{};
}

void ActionRow::refresh() {
  const std::vector<int> layers = acted();
  const bool any = !layers.empty() && m_workspace.plan.layers.size() == static_cast<std::size_t>(m_workspace.layerCount());
  const auto button = [&](Act act) { return m_items[static_cast<std::size_t>(act)].button; };
  QString common = tr("Set to");
  if (any) {
    const Setting& first = m_workspace.plan.layers[static_cast<std::size_t>(layers.front())].setting;
    const bool same = std::all_of(layers.begin(), layers.end(), [&](int layer) { return m_workspace.plan.layers[static_cast<std::size_t>(layer)].setting == first; });
    common = same ? settingText(first) : tr("mixed");
  }
  button(Act::setTo)->setText(common);
  button(Act::setTo)->setMinimumWidth(button(Act::setTo)->fontMetrics().horizontalAdvance(QStringLiteral("mixed+s50")) + 24);
  for (const Act act : {Act::setTo, Act::lock, Act::unlock}) button(act)->setEnabled(any);
  button(Act::reset)->setEnabled(m_workspace.network && m_workspace.ghost);
  button(Act::reset)->setToolTip(m_workspace.ghost ? tr("Give the selected layers (all where none is) the solver's settings") : tr("Nothing is solved yet"));
  button(Act::solver)->setText(m_workspace.solver.empty() ? tr("Solver") : plainName(m_workspace.solver, 24));
  button(Act::solve)->setEnabled(m_workspace.network && m_workspace.table());
  button(Act::solve)->setToolTip(m_workspace.table() ? tr("Fill all layers that are not locked under the budget") : tr("Measure first: there is nothing to solve from"));
  const int steps = static_cast<int>(m_workspace.history.size());
  button(Act::undo)->setEnabled(m_workspace.historyAt > 0);
  button(Act::redo)->setEnabled(m_workspace.historyAt < steps);
  const auto step = [&](int at) { return at >= 0 && at < steps ? m_workspace.history[static_cast<std::size_t>(at)].text : QString(); };
  button(Act::undo)->setToolTip(tr("Undo %1").arg(step(m_workspace.historyAt - 1)).trimmed());
  button(Act::redo)->setToolTip(tr("Redo %1").arg(step(m_workspace.historyAt)).trimmed());
  if (!m_compared.empty() && !m_workspace.project.plan(m_compared)) {
    m_compared.clear();
    Q_EMIT compareChanged(m_compared);
  }
  button(Act::compare)->setText(m_compared.empty() ? tr("Outline: solver") : tr("Outline: %1").arg(plainName(m_compared, 16)));
  fit();
}

void ActionRow::run(Act act) {
  switch (act) {
    case Act::lock: Q_EMIT requested(request::LockLayers{acted(), true}); break;
    case Act::unlock: Q_EMIT requested(request::LockLayers{acted(), false}); break;
    case Act::reset: resetToSolver(); break;
    case Act::solve: Q_EMIT requested(request::Solve{m_workspace.solver}); break;
    case Act::undo: Q_EMIT requested(request::Undo{}); break;
    case Act::redo: Q_EMIT requested(request::Redo{}); break;
    default: break;
  }
}

void ActionRow::resetToSolver() {
  if (!m_workspace.ghost) return;
  std::vector<int> layers = m_workspace.selection;
  if (layers.empty()) {
    layers.resize(static_cast<std::size_t>(m_workspace.layerCount()));
    std::iota(layers.begin(), layers.end(), 0);
  }
  request::ChangeSettings change;
  for (const int layer : withSharers(m_workspace, layers)) {
    const auto at = static_cast<std::size_t>(layer);
    if (at < m_workspace.ghost->layers.size() && !(m_workspace.ghost->layers[at].setting == m_workspace.plan.layers.at(at).setting))
      change.settings.emplace_back(layer, m_workspace.ghost->layers[at].setting);
  }
  if (!change.settings.empty()) Q_EMIT requested(change);
}

void ActionRow::setSelection(const Setting& setting) {
  request::ChangeSettings change;
  for (const int layer : withSharers(m_workspace, acted()))
    if (const MenuItem* item = menuItem(m_workspace, layer, setting); item && item->legal()) change.settings.emplace_back(layer, setting);
  if (!change.settings.empty()) Q_EMIT requested(change);
}

void ActionRow::fill(QMenu& menu, Act act) {
  menu.clear();
  if (act == Act::setTo) fillSettings(menu);
  if (act == Act::solver) fillSolvers(menu);
  if (act == Act::compare) fillPlans(menu);
}

void ActionRow::fillSettings(QMenu& menu) {
  struct Choice {
    Setting setting;
    double level;
    int legal = 0, all = 0;
    QString refusal;
  };
  const std::vector<int> layers = acted();
  std::vector<Choice> choices;
  for (const int layer : layers)
    for (const auto& item : m_workspace.menus.at(static_cast<std::size_t>(layer))) {
      auto at = std::find_if(choices.begin(), choices.end(), [&](const Choice& c) { return c.setting == item.setting; });
      if (at == choices.end()) at = choices.insert(choices.end(), {item.setting, levelOfBits(codeBits(m_workspace, layer, item.setting)), 0, 0, {}});
      ++at->all;
      if (item.legal()) ++at->legal;
      else if (at->refusal.isEmpty()) at->refusal = item.refusal;
    }
  std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) { return a.level > b.level; });
  for (const Choice& choice : choices) {
    QString text = settingText(choice.setting);
    if (choice.legal > 0 && choice.legal < static_cast<int>(layers.size())) text += tr("  (%1 of %2 layers)").arg(choice.legal).arg(layers.size());
    if (choice.legal == 0) text += QStringLiteral("  – ") + choice.refusal;
    QAction* action = menu.addAction(text, this, [this, setting = choice.setting] { setSelection(setting); });
    action->setEnabled(choice.legal > 0);
    action->setToolTip(choice.refusal);
  }
}

void ActionRow::fillSolvers(QMenu& menu) {
  for (const auto& solver : m_workspace.solvers) {
    const std::string id = solver.declaration.id;
    QAction* action = menu.addAction(plainName(solver.declaration.name.empty() ? id : solver.declaration.name), this,
                                     [this, id] { Q_EMIT requested(request::ChooseSolver{id}); });
    action->setCheckable(true);
    action->setChecked(id == m_workspace.solver);
    action->setEnabled(solver.usable);
    action->setToolTip(solver.usable ? plainName(solver.declaration.help, 400) : solver.why);
  }
}

void ActionRow::fillPlans(QMenu& menu) {
  const auto choice = [&](const QString& text, const std::string& plan) {
    QAction* action = menu.addAction(text, this, [this, plan] {
      m_compared = plan;
      refresh();
      Q_EMIT compareChanged(plan);
    });
    action->setCheckable(true);
    action->setChecked(plan == m_compared);
  };
  choice(tr("The solver's"), {});
  menu.addSeparator();
  for (const auto& plan : m_workspace.project.plans) choice(plan.name == m_workspace.plan.name ? tr("%1, as stored").arg(plainName(plan.name, 60)) : plainName(plan.name, 60), plan.name);
}

void ActionRow::fillRest(QMenu& menu) {
  menu.clear();
  for (std::size_t i = 0; i < m_items.size(); ++i) {
    QToolButton* button = m_items[i].button;
    const Act act = static_cast<Act>(i);
    if (button->isVisibleTo(this)) continue;
    if (button->menu()) {
      QMenu* sub = menu.addMenu(button->accessibleName());
      sub->setToolTipsVisible(true);
      fill(*sub, act);
      sub->setEnabled(button->isEnabled());
    } else {
      QAction* action = menu.addAction(button->accessibleName(), this, [this, act] { run(act); });
      action->setEnabled(button->isEnabled());
    }
  }
}

void ActionRow::fit() {
  std::vector<const Item*> order;
  for (const Item& item : m_items) order.push_back(&item);
  std::sort(order.begin(), order.end(), [](const Item* a, const Item* b) { return a->rank < b->rank; });
  const auto wide = [](const QWidget* widget) { return std::max(widget->sizeHint().width(), widget->minimumWidth()) + space::k4; };
  int all = kPatternLeast;
  for (const Item* item : order) all += wide(item->button);
  int room = width() - kPatternLeast - (all > width() ? wide(m_rest) : 0);
  m_rest->setVisible(all > width());
  for (const Item* item : order) {
    room -= wide(item->button);
    item->button->setVisible(room >= 0);
  }
}

QSize ActionRow::minimumSizeHint() const { return {kPatternLeast, m_pattern->sizeHint().height()}; }

/// Flat: the chart below is what should be looked at.
void ActionRow::applyTheme() {
  const Theme& theme = Theme::of(this);
  const QString sheet =
      QStringLiteral("QToolButton{background:%1;border:1px solid %2;border-radius:%3px;padding:3px 8px;color:%4}"
                     "QToolButton:hover,QToolButton:focus{border-color:%5}QToolButton:pressed{background:%6}QToolButton:disabled{color:%7}"
                     "QToolButton[popupMode=\"2\"]{padding-right:16px}QToolButton::menu-indicator{subcontrol-position:right center;right:4px}"
                     "QLineEdit{background:%1;border:1px solid %2;border-radius:%3px;padding:3px 6px}QLineEdit:focus{border-color:%5}")
          .arg(theme.raised.name(), theme.line.name()).arg(space::kControlRadius).arg(theme.text.name(), theme.accent.name(), theme.accentFaint.name(), theme.disabled.name());
  if (sheet != styleSheet()) setStyleSheet(sheet);
}

void ActionRow::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) applyTheme();
}

void ActionRow::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fit();
}

}  // namespace planish::views
