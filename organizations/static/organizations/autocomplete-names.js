// Gives the widgets that search for other entries the names of their fields, which they lack.
"use strict";

const nameWidgets = () => {
  for (const select of document.querySelectorAll("select.admin-autocomplete[id]")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    const widget = select.nextElementSibling;
    if (!label || !widget?.matches(".select2")) continue;
    const name = label.textContent.replace(/:\s*$/, "").trim();
    const parts = "[role=combobox], [role=textbox], [role=searchbox]";
    for (const part of widget.querySelectorAll(parts)) {
      part.setAttribute("aria-label", name);
      // Whatever is chosen stands in the box that it names.
      const shown = part.getAttribute("aria-labelledby");
      if (shown) {
        part.id ||= `${select.id}-combobox`;
        part.setAttribute("aria-labelledby", `${part.id} ${shown}`);
      }
    }
  }
};

// jQuery calls those who wait for the page one after another, and may do so after `load`: whoever
// asks then comes after the widgets were made.
addEventListener("load", () => window.django?.jQuery?.(nameWidgets));
