// Tabs as the ARIA Authoring Practices describe them: arrows move, and what is moved to is shown.

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const target = (key, index, count) => {
  if (key in STEPS) return (index + STEPS[key] + count) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
};

/**
 * Makes the buttons with the role `tab` in `list` work, each of which controls one panel.
 * `shown` is called with the tab that is selected.
 */
export const bindTabs = (list, shown = () => {}) => {
  const tabs = [...list.querySelectorAll('[role="tab"]')];
  const select = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    // Several tabs may share one panel, whose contents change.
    const panels = tabs.map((tab) => document.getElementById(tab.getAttribute("aria-controls")));
    const panel = panels[tabs.indexOf(chosen)];
    for (const other of panels) other.hidden = other !== panel;
    panel.setAttribute("aria-labelledby", chosen.id);
    shown(chosen);
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) select(tab);
  });
  list.addEventListener("keydown", (event) => {
    const index = target(event.key, tabs.indexOf(event.target), tabs.length);
    if (index === null) return;
    event.preventDefault();
    tabs[index].focus();
    select(tabs[index]);
  });
  select(tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0]);
  return select;
};
