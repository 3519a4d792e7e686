/** A live run's page shows the newest level until the reader chooses one: the address then holds it, and it stays. */

const LABEL = ".newest";
/** @type {NodeListOf<HTMLInputElement>} */
const boxes = document.querySelectorAll(`${LABEL} input`);
/** @type {Set<(level: string) => void>} */
const listeners = new Set();

/** Whether the newest level is shown whichever it is: its number is then no part of the address. */
export function following() {
  return [...boxes].some((box) => box.checked);
}

/** The reader has chosen a level. */
export function stay() {
  for (const box of boxes) box.checked = false;
}

/** The newest level that the server knows of, empty for none. */
export function newest() {
  return document.getElementById("newest")?.dataset.level ?? "";
}

/**
 * Be told of a newer level while the reader follows.
 * @param {(level: string) => void} listener
 */
export function onNewest(listener) {
  listeners.add(listener);
}

/** Tell of the newest level, if the reader follows; called when the live parts of the page are new. */
export function advance() {
  const level = newest();
  if (level && following()) for (const listener of listeners) listener(level);
}

/**
 * A run that has ended has no newer level to come: what is shown goes into the address, so that a reload shows it again.
 * @param {boolean} live
 */
export function running(live) {
  for (const box of boxes) /** @type {HTMLElement} */ (box.closest(LABEL)).classList.toggle("over", !live);
  if (live || !following()) return;
  stay();
  const level = /** @type {HTMLInputElement | null} */ (document.querySelector('input[type="range"][name="level"]'))?.value;
  if (level) put(level);
}

/** @param {string} level */
function put(level) {
  const here = new URL(location.href);
  if (level) here.searchParams.set("level", level);
  else here.searchParams.delete("level");
  history.replaceState(null, "", here);
  document.dispatchEvent(new CustomEvent("chosen"));
}

// Before the listeners of the forms, which write the address.
document.addEventListener("input", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.name === "level") stay();
}, true);

for (const box of boxes) {
  /** @type {HTMLElement} */ (box.closest(LABEL)).classList.remove("by-script");
  box.addEventListener("input", (event) => {
    event.stopPropagation(); // no option of a figure
    const level = /** @type {HTMLInputElement | null} */ (box.form?.querySelector('input[name="level"]'))?.value ?? "";
    put(box.checked ? "" : level);
    advance();
  });
}
