// Folds the fieldsets of the languages into tabs. Arrow keys move between them, as in any tab list.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const fieldsets = [...document.querySelectorAll("fieldset.language-tab")];
  if (fieldsets.length < 2) return;

  const list = document.createElement("div");
  list.className = "language-tabs";
  list.setAttribute("role", "tablist");
  fieldsets[0].before(list);
  const mistake = document.querySelector("input[name=_opened]")?.dataset.mistake;

  // A fieldset cannot be a panel itself.
  const panels = fieldsets.map((fieldset, number) => {
    const panel = document.createElement("div");
    panel.id = `language-panel-${number}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `language-tab-${number}`);
    fieldset.before(panel);
    panel.append(fieldset);
    return panel;
  });

  const tabs = panels.map((panel, number) => {
    const heading = panel.querySelector("h2, .fieldset-heading");
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `language-tab-${number}`;
    // With the mark that says how its text stands.
    tab.append(...[...heading.childNodes].map((node) => node.cloneNode(true)));
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    heading.hidden = true;
    const fields = panel.querySelectorAll("input:not([type=hidden], [type=checkbox]), textarea");
    const filled = [...fields].some((field) => field.value.trim());
    tab.classList.toggle("empty", !filled);
    if (panel.querySelector(".errorlist")) {
      tab.classList.add("wrong");
      if (mistake) tab.prepend(`${mistake} `);
    }
    list.append(tab);
    return tab;
  });

  const open = (number, focus) => {
    panels.forEach((panel, other) => {
      panel.hidden = other !== number;
      tabs[other].setAttribute("aria-selected", String(other === number));
      tabs[other].tabIndex = other === number ? 0 : -1;
    });
    if (focus) tabs[number].focus();
  };

  tabs.forEach((tab, number) => {
    tab.addEventListener("click", () => open(number, false));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      open((number + step + tabs.length) % tabs.length, true);
    });
  });

  const wrong = tabs.findIndex((tab) => tab.classList.contains("wrong"));
  const filled = tabs.findIndex((tab) => !tab.classList.contains("empty"));
  // The matrix of languages leads to one of them: `#language-lv`.
  const target = document.getElementById(location.hash.slice(1));
  const asked = panels.findIndex((panel) => panel.contains(target));
  const first = [wrong, asked, filled].find((number) => number !== -1);
  open(first ?? 0, false);
  if (first === asked) list.scrollIntoView();
});
