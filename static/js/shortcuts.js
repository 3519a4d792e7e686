/** Keyboard shortcuts, all in one table, from which the sheet behind `?` is written. They never act while a reader writes. */
import { at } from "./address.js";

/**
 * @typedef {{keys: string, what: string, where: "Everywhere" | "Board", act?: () => void}} Shortcut
 * `act` is missing where the browser does it by itself.
 */

/** @type {Shortcut[]} */
const SHORTCUTS = [
  { keys: "?", what: "Show or close this sheet", where: "Everywhere", act: () => sheet() },
  { keys: "/", what: "Search runs", where: "Everywhere", act: search },
  { keys: "n", what: "New run", where: "Everywhere", act: () => go("/new") },
  { keys: "g b", what: "Go to the board", where: "Everywhere", act: () => go("/") },
  { keys: "g s", what: "Go to sweeps", where: "Everywhere", act: () => go("/sweeps") },
  { keys: "g p", what: "Go to presets", where: "Everywhere", act: () => go("/presets") },
  { keys: "g w", what: "Go to workers", where: "Everywhere", act: () => go("/workers") },
  { keys: "g i", what: "Go to import", where: "Everywhere", act: () => go("/import") },
  { keys: "j", what: "Next run", where: "Board", act: () => step(1) },
  { keys: "k", what: "Previous run", where: "Board", act: () => step(-1) },
  { keys: "Enter", what: "Open the run", where: "Board" },
  { keys: "x", what: "Tick the run", where: "Board", act: () => tick(false) },
  { keys: "X", what: "Tick all runs from the last ticked one", where: "Board", act: () => tick(true) },
  { keys: "c", what: "Compare the ticked runs", where: "Board", act: compare },
];

const KEY = "shortcuts";
/** Within which the second key of two is to follow. */
const PAUSE_MS = 1200;
let before = "";
let timer = 0;

/** @param {string} path */
function go(path) {
  location.assign(at(path));
}

function search() {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector('input[type="search"]'));
  if (!field) return go("/");
  field.focus();
  field.select();
}

const names = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#rows tr a.name")]);

/** The row that has the focus, by its place; -1 for none. */
function here() {
  return names().findIndex((name) => name.closest("tr")?.contains(document.activeElement));
}

/** @param {number} by */
function step(by) {
  const all = names();
  const now = here();
  const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + by));
  all[next]?.focus();
  all[next]?.scrollIntoView({ block: "nearest" });
}

/** @param {boolean} range */
function tick(range) {
  const box = names()[here()]?.closest("tr")?.querySelector('input[name="run"]');
  box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: range }));
}

function compare() {
  if (!names().length) return;
  /** @type {HTMLButtonElement | null} */ (document.querySelector("form#compare button"))?.click();
}

function sheet() {
  const open = /** @type {HTMLDialogElement | null} */ (document.getElementById("shortcut-sheet"));
  if (open) return open.close();
  const dialog = document.createElement("dialog");
  dialog.id = "shortcut-sheet";
  dialog.setAttribute("aria-labelledby", "shortcut-title");
  const title = element("h2", "Keyboard shortcuts");
  title.id = "shortcut-title";
  dialog.append(title);
  for (const where of ["Everywhere", "Board"]) {
    const table = document.createElement("table");
    table.append(element("caption", where));
    const body = table.createTBody();
    for (const shortcut of SHORTCUTS.filter((each) => each.where === where)) {
      const row = body.insertRow();
      const keys = row.insertCell();
      for (const key of shortcut.keys.split(" ")) keys.append(element("kbd", key));
      row.insertCell().textContent = shortcut.what;
    }
    dialog.append(table);
  }
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = active();
  box.addEventListener("change", () => localStorage.setItem(KEY, box.checked ? "on" : "off"));
  label.append(box, " Shortcuts act on this device");
  const close = element("button", "Close");
  close.className = "btn";
  close.addEventListener("click", () => dialog.close());
  dialog.append(label, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} kind @param {string} text */
function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function active() {
  return localStorage.getItem(KEY) !== "off";
}

/** Whether keys are meant for what has the focus. @param {EventTarget | null} target */
function writes(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('select, textarea, input:not([type="checkbox"], [type="radio"])'));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target)) return;
  const open = document.querySelector("dialog[open]");
  if (open && !(open.id === "shortcut-sheet" && event.key === "?")) return;
  if (!active() && event.key !== "?") return;
  const typed = before ? `${before} ${event.key}` : event.key;
  before = "";
  clearTimeout(timer);
  const found = SHORTCUTS.find((each) => each.keys === typed);
  if (found?.act) {
    event.preventDefault();
    found.act();
  } else if (SHORTCUTS.some((each) => each.keys.startsWith(`${typed} `))) {
    before = typed;
    timer = setTimeout(() => { before = ""; }, PAUSE_MS);
  }
});

const button = document.getElementById("shortcuts");
button?.classList.remove("by-script");
button?.addEventListener("click", sheet);
