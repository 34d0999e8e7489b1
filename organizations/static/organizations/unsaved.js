// Asks before a form is left in which something was typed that is not saved.
"use strict";

addEventListener("load", () => {
  const mark = document.querySelector("input[name=_opened]");
  if (!mark) return;
  const form = mark.form;

  // What would be sent; the widget with two lists selects its choices only when it is.
  const typed = () =>
    JSON.stringify([
      ...[...new FormData(form)].map(([name, value]) => [name, value.name ?? value]),
      ...[...form.querySelectorAll("select.filtered")].map((list) => list.options.length),
    ]);

  // A form that came back is unsaved from the beginning.
  const before = "unsaved" in mark.dataset ? null : typed();
  let sent = false;
  form.addEventListener("submit", () => {
    sent = true;
  });
  addEventListener("pageshow", () => {
    sent = false;
  });
  addEventListener("beforeunload", (event) => {
    if (!sent && typed() !== before) event.preventDefault();
  });
});
