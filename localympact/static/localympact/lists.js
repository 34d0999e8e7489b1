/* What lists do better with JavaScript: results, numbers and address change as one chooses. All of
   it works without, by the button of the form. */

"use strict";

document.documentElement.classList.add("scripted");

const isList = (event) => event.detail.target?.id === "list";

function announce(words, css = "hidden") {
  const announcement = document.getElementById("announcement");
  announcement.textContent = words;
  announcement.className = css;
}

// The list is replaced: what was unfolded and typed in it stays, and so does the keyboard.
let before = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isList(event)) {
    const list = event.detail.target;
    before = {
      focused: document.activeElement.id,
      unfolded: [...list.querySelectorAll("details[id]")].map((one) => [one.id, one.open]),
      narrowed: [...list.querySelectorAll(".narrow input")].map((one) => [one.id, one.value]),
    };
  }
});

document.addEventListener("htmx:afterSwap", () => {
  if (!before) {
    return;
  }
  const { focused, unfolded, narrowed } = before;
  before = null;
  for (const [id, open] of unfolded) {
    document.getElementById(id)?.toggleAttribute("open", open);
  }
  for (const [id, words] of narrowed) {
    const field = document.getElementById(id);
    if (field && words) {
      field.value = words;
      narrow(field);
    }
  }
  const fold = document.getElementById("fold");
  if (focused === "show-results" && fold.open && fold.querySelector("summary").offsetParent) {
    // In a narrow window the results are below the filters: go there.
    fold.open = false;
    document.getElementById("count").focus();
  } else if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
  document.activeElement.scrollIntoView({ block: "nearest" });
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (isList(event)) {
    const count = document.getElementById("count");
    announce(count.textContent);
    if (document.activeElement === document.body) {
      count.focus();
    }
  }
});

function failed(event) {
  if (isList(event)) {
    announce(document.getElementById("filters").dataset.failed, "errors");
  }
}
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isList(event)) {
    announce("");
  }
});

// Words wait for Enter or the button; only what is ticked or chosen changes the list at once.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.matches("#filters input:is([type=text], [type=search])")) {
      event.stopPropagation();
    }
  },
  true,
);

// A text in which case and accents no longer matter, as the server folds it (folding.py).
const UNDECOMPOSED = { ł: "l", đ: "d", ø: "o", æ: "ae", œ: "oe", ı: "i", ð: "d", þ: "th" };

function folded(text) {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replaceAll("ß", "ss")
    .replaceAll("ς", "σ")
    .replace(/[łđøæœıðþ]/g, (sign) => UNDECOMPOSED[sign]);
}

// Show of a long facet the options that hold every word of its field; give how many they are.
function narrow(field) {
  const words = folded(field.value).split(/\s+/).filter(Boolean);
  const options = [...field.closest("fieldset").querySelectorAll(".option")];
  for (const option of options) {
    const name = folded(option.querySelector("span").firstChild.textContent);
    option.hidden = !words.every((word) => name.includes(word));
  }
  const rest = field.closest("fieldset").querySelector("details");
  rest.classList.toggle("narrowed", words.length > 0);
  rest.open = words.length > 0 || rest.querySelector(":checked") !== null;
  return options.filter((option) => !option.hidden).length;
}

let pause;
document.addEventListener("input", ({ target }) => {
  if (target.matches(".narrow input")) {
    const shown = narrow(target);
    clearTimeout(pause);
    pause = setTimeout(() => announce(`${target.dataset.shown} ${shown}`), 400);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".narrow input")) {
    event.preventDefault();
  }
});

// A menu closes when one goes elsewhere, or by Escape.
for (const way of ["click", "focusin"]) {
  document.addEventListener(way, ({ target }) => {
    for (const menu of document.querySelectorAll(".menu[open]")) {
      menu.open = menu.contains(target);
    }
  });
}
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest(".menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
