/* What the pages do better with JavaScript; all of it works without. */

"use strict";

// Buttons that copy an address are of no use without this script, and hidden until it runs.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).href);
    button.textContent = button.dataset.done;
  });
}

// After a form was refused, the summary of what is wrong is read first.
document.querySelector(".errors[role=alert]")?.focus();

// A field for words: while one types, names, terms and places to choose from. It is the editable
// combobox with a list of the ARIA Authoring Practices: the field keeps the keyboard, and says which
// option is the active one. htmx fetches the list (search_field.html, completions.html).
function combobox(field) {
  const box = field.closest(".completing");
  const popup = box.querySelector(".completions");
  const status = document.createElement("p");
  status.className = "hidden";
  status.setAttribute("role", "status");
  box.append(status);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
  field.autocomplete = "off";

  // Whoever sends the question or closes the list wants none before something else is typed.
  let done = false;
  let active = null;

  const options = () => [...popup.querySelectorAll("[role=option]")];
  const asks = () => !done && (field.value.match(/[\p{L}\p{N}]/gu) ?? []).length > 1;

  function activate(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", option.id);
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  function close() {
    activate(null);
    popup.hidden = true;
    status.textContent = "";
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-controls");
  }

  function open() {
    const list = popup.querySelector("[role=listbox]");
    if (!list) {
      return close();
    }
    if (popup.hidden) {
      popup.hidden = false;
      popup.scrollIntoView({ block: "nearest" });
    }
    status.textContent = list.dataset.announcement;
    field.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-controls", list.id);
  }

  function move(step) {
    const all = options();
    const at = all.indexOf(active) + step;
    // Before the first and after the last one is the field itself.
    activate(active || step > 0 ? (all[at] ?? null) : all.at(-1));
  }

  field.addEventListener("input", () => {
    done = false;
    activate(null);
    if (!asks()) {
      htmx.trigger(field, "htmx:abort");
      popup.replaceChildren();
      close();
    }
  });

  field.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.isComposing) {
      return;
    }
    if (key === "Tab") {
      close();
    } else if (key === "ArrowLeft" || key === "ArrowRight") {
      activate(null);
    } else if (key === "ArrowDown" && popup.hidden) {
      done = false;
      if (options().length) {
        open();
        activate(event.altKey ? null : options()[0]);
      } else if (asks()) {
        htmx.trigger(field, "complete");
      }
      event.preventDefault();
    } else if (key === "Escape") {
      if (popup.hidden) {
        field.value = "";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      done = true;
      close();
      event.preventDefault();
    } else if (!popup.hidden && key.startsWith("Arrow")) {
      if (event.altKey) {
        close();
      } else {
        move(key === "ArrowDown" ? 1 : -1);
      }
      event.preventDefault();
    } else if (active && (key === "Home" || key === "End")) {
      activate(options().at(key === "Home" ? 0 : -1));
      event.preventDefault();
    } else if (active && key === "Enter") {
      active.click();
      event.preventDefault();
    }
  });

  field.form.addEventListener("submit", () => {
    done = true;
    htmx.trigger(field, "htmx:abort");
    close();
  });

  // A press on an option leaves the keyboard in the field; one elsewhere closes the list.
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  popup.addEventListener("click", close);
  box.addEventListener("focusout", close);

  // What becomes of these requests concerns nobody else on the page.
  box.addEventListener("htmx:beforeRequest", (event) => {
    if (!asks()) {
      event.preventDefault();
    }
  });
  box.addEventListener("htmx:afterSwap", () => {
    active = null;
    if (asks() && document.activeElement === field) {
      open();
    } else {
      close();
    }
  });
  for (const name of ["beforeRequest", "afterSwap", "afterSettle", "sendError", "responseError"]) {
    box.addEventListener(`htmx:${name}`, (event) => event.stopPropagation());
  }
}
htmx.onLoad((part) => part.querySelectorAll("[data-combobox]").forEach(combobox));
