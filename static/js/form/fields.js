/** Fields of a form while it is filled in: which ones apply, and what is wrong with them, as the server says. */

/**
 * Show only the fields that apply to what is chosen; the others are not sent.
 * @param {HTMLFormElement} form
 */
export function apply(form) {
  for (const field of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-when]"))) {
    const met = (field.dataset.when ?? "").split(" ").every((condition) => {
      const [path, values] = condition.split("=");
      const chosen = form.elements.namedItem(path);
      // Radio buttons of a field that does not apply itself are disabled and have no say.
      const value = chosen instanceof RadioNodeList ? chosen.value : chosen instanceof HTMLInputElement ? chosen.value : "";
      return !value || values.split("|").includes(value);
    });
    field.classList.toggle("off", !met);
    for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (field.querySelectorAll("input"))) input.disabled = !met;
  }
}

/**
 * Put each problem at its field, and take away those that are solved.
 * @param {HTMLFormElement} form
 * @param {Map<string, string>} problems id of the field -> sentence
 */
export function mark(form, problems) {
  for (const error of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("p.error[id$='-error']"))) {
    const id = error.id.replace(/-error$/, "");
    if (!problems.has(id)) clear(form, id, error);
  }
  for (const [id, sentence] of problems) {
    const input = document.getElementById(id);
    const field = input?.closest(".field, .choice");
    if (!input || !field || !form.contains(field)) continue;
    let error = document.getElementById(`${id}-error`);
    if (!error) {
      error = document.createElement("p");
      error.className = "error";
      error.id = `${id}-error`;
      const help = field.querySelector(":scope > .help");
      if (help && field.classList.contains("field")) help.before(error);
      else field.append(error);
      describe(input, error.id, true);
    }
    if (error.textContent !== sentence) error.textContent = sentence;
    input.setAttribute("aria-invalid", "true");
    for (let up = field.closest("details"); up; up = up.parentElement?.closest("details") ?? null) up.open = true;
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} id
 * @param {HTMLElement} error
 */
function clear(form, id, error) {
  error.remove();
  const input = document.getElementById(id);
  if (!input || !form.contains(input)) return;
  input.removeAttribute("aria-invalid");
  describe(input, error.id, false);
}

/**
 * @param {HTMLElement} input
 * @param {string} id
 * @param {boolean} on
 */
function describe(input, id, on) {
  const ids = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  if (on) ids.push(id);
  if (ids.length) input.setAttribute("aria-describedby", ids.join(" "));
  else input.removeAttribute("aria-describedby");
}
