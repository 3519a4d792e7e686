/** What is typed into a form stays with its entry in the history: a reload, or Back from another page, shows it again. */

/** @typedef {Record<string, string | boolean>} Draft */

// An erasure study may hold a picture: older drafts make room.
const KEPT = 8;

/**
 * Put back what was typed before, if this entry of the history has it; then keep it up to date.
 * @param {HTMLFormElement} form
 * @returns {boolean} whether anything was put back
 */
export function draft(form) {
  // A link to the address of this very page keeps its entry, and yet is a new visit.
  const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  let key = visit?.type === "navigate" ? undefined : /** @type {{draft?: string} | null} */ (history.state)?.draft;
  const kept = key ? sessionStorage.getItem(key) : null;
  if (kept) restore(form, JSON.parse(kept));
  if (!key) {
    key = `draft-${Date.now()}`;
    history.replaceState({ ...history.state, draft: key }, "");
  }
  const name = key;
  form.addEventListener("input", () => {
    try {
      sessionStorage.setItem(name, JSON.stringify(read(form)));
      const drafts = Object.keys(sessionStorage).filter((each) => each.startsWith("draft-")).sort();
      for (const old of drafts.slice(0, -KEPT)) sessionStorage.removeItem(old);
    } catch {
      // A browser without room, or that keeps nothing: the form works all the same.
    }
  });
  return !!kept;
}

/** @param {HTMLFormElement} form */
function controls(form) {
  return /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */ (
    [...form.elements].filter((each) => each instanceof HTMLTextAreaElement || (each instanceof HTMLInputElement && !!each.name && each.type !== "file"))
  ).filter((each) => each.name && each.type !== "hidden");
}

/** @param {HTMLInputElement | HTMLTextAreaElement} each */
function ticked(each) {
  return each instanceof HTMLInputElement && (each.type === "checkbox" || each.type === "radio");
}

/**
 * @param {HTMLFormElement} form
 * @returns {Draft}
 */
function read(form) {
  /** @type {Draft} */
  const kept = {};
  for (const each of controls(form)) {
    if (ticked(each)) kept[`${each.name}=${each.value}`] = /** @type {HTMLInputElement} */ (each).checked;
    else kept[each.name] = each.value;
  }
  return kept;
}

/**
 * @param {HTMLFormElement} form
 * @param {Draft} kept
 */
function restore(form, kept) {
  for (const each of controls(form)) {
    const value = kept[ticked(each) ? `${each.name}=${each.value}` : each.name];
    if (typeof value === "boolean") /** @type {HTMLInputElement} */ (each).checked = value;
    else if (typeof value === "string") each.value = value;
  }
}
