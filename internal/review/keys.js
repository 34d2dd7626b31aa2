"use strict";
// One key does what its button or link does. A second key after that is lost, not taken for the next item.
let leaving = false;
addEventListener("pageshow", () => { leaving = false; });
// The key that leads into a text field must not be written there.
let swallowed = "";
addEventListener("keypress", (event) => { if (event.key === swallowed) event.preventDefault(); });
addEventListener("keyup", () => { swallowed = ""; });
addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea");
  if (field) {
    if (event.key === "Escape") field.blur();
    if (event.key === "Enter" && event.ctrlKey) document.querySelector("[data-save]")?.click();
    return;
  }
  if (leaving || event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  const target = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key.split(" ").includes(event.key));
  if (!target) return;
  event.preventDefault();
  if (target.matches("textarea")) {
    swallowed = event.key;
    target.focus();
    target.select();
    return;
  }
  leaving = target.matches("a, button");
  target.click();
});
