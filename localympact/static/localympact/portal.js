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
