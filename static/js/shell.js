/** What every page does: explain terms, switch the theme in place. */
import "./terms.js";
import { announceTheme } from "./theme.js";

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
