/* What the pages do better with JavaScript; all of it works without. */

"use strict";

// A part of the page was replaced: say what is there now, and keep the place of the keyboard.
document.addEventListener("htmx:afterSettle", () => {
  const count = document.getElementById("count");
  document.getElementById("announcement").textContent = count.textContent;
  if (!document.activeElement || document.activeElement === document.body) {
    count.focus();
  }
});

function failed() {
  const message = document.querySelector(".filters").dataset.failed;
  const announcement = document.getElementById("announcement");
  announcement.textContent = message;
  announcement.className = "errors";
}
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("announcement").className = "hidden";
});

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
