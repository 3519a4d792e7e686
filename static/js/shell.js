/** What every page does: explain terms, switch the theme in place, copy ids. */
import { scrolling } from "./scrolling.js";
import "./shortcuts.js";
import "./terms.js";
import { announceTheme } from "./theme.js";

scrolling();

for (const form of document.querySelectorAll("form.theme")) {
  form.addEventListener("submit", (event) => {
    const submitter = /** @type {SubmitEvent} */ (event).submitter;
    if (!(submitter instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const theme = submitter.value;
    const age = theme === "system" ? 0 : 365 * 86400;
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax`;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === submitter));
    announceTheme();
  });
}

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest?.("button[data-copy]");
  if (!(button instanceof HTMLButtonElement)) return;
  const said = button.textContent;
  const copied = await navigator.clipboard?.writeText(button.dataset.copy ?? "").then(() => true, () => false);
  // Without a clipboard, as over plain HTTP, the id is marked, so that it can be copied by hand.
  if (!copied && button.previousElementSibling) getSelection()?.selectAllChildren(button.previousElementSibling);
  if (button.dataset.said) return;
  button.dataset.said = "1";
  button.textContent = copied ? "copied" : "marked";
  setTimeout(() => { button.textContent = said; delete button.dataset.said; }, 1500);
});
