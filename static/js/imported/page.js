/** Import: files dropped or chosen, put in order, looked at by the server, and stored once a reader has seen the table. */
import { decided, forget, hide, show as showTable } from "./table.js";
import { follow, plain } from "./drop.js";
import { post, size } from "./upload.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("import-form"));
const input = /** @type {HTMLInputElement} */ (document.getElementById("f-files"));
const drop = /** @type {HTMLElement} */ (document.getElementById("drop"));
const list = /** @type {HTMLOListElement} */ (document.getElementById("levels"));
const problem = /** @type {HTMLElement} */ (document.getElementById("f-files-error"));
const moved = /** @type {HTMLElement} */ (document.getElementById("moved"));
const send = /** @type {HTMLButtonElement} */ (form.querySelector("button.go"));
const maxBytes = Number(form.dataset.maxBytes);
const maxFiles = Number(form.dataset.maxFiles);

/** A file and what is decided of it. @typedef {{file: File, path: string, replicate: number, accuracy: string}} Chosen */

/** @type {Chosen[]} */
let files = [];
/** Whether a reader has set levels or replicates: else they follow from the names. */
let placed = false;
/** Whether the table tells what would be stored now. */
let seen = false;
const natural = new Intl.Collator("en", { numeric: true });

// From here on the list holds the files; the input only adds to it.
input.required = false;
/** @type {HTMLElement} */ (drop.querySelector(".dropped")).hidden = false;
const help = /** @type {HTMLElement} */ (document.getElementById("f-files-help"));
help.textContent = "One file per level; the first is level 0. Shards of one network and their index are one level. You can also drop a folder.";

/** @param {string} text */
function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

/** Why the chosen files cannot be sent; empty when they can. */
function obstacle() {
  const bytes = files.reduce((sum, each) => sum + each.file.size, 0);
  if (!files.length) return "Choose at least one file.";
  if (files.length > maxFiles) return `${files.length} files; at most ${maxFiles} are imported at once.`;
  if (bytes > maxBytes) return `${size(bytes)} in all; at most ${size(maxBytes)} are imported at once.`;
  return "";
}

/** @param {{file: File, path: string}[]} chosen */
function add(chosen) {
  files.push(...chosen.map((each) => ({ ...each, replicate: 0, accuracy: "" })));
  files.sort((a, b) => natural.compare(a.path, b.path));
  placed = false;
  forget();
  unseen();
  complain(files.length ? obstacle() : "");
  show();
}

/** Whether files are shards of a network or its index, whose places the server tells. */
function sharded() {
  return files.some(({ path }) => /-\d{5}-of-\d{5}(\.safetensors)?$|\.json$/.test(path));
}

/** The level of each file: its place among those of its replicate. */
function levels() {
  /** @type {Map<number, number>} */
  const next = new Map();
  return files.map(({ replicate }) => {
    const level = next.get(replicate) ?? 0;
    next.set(replicate, level + 1);
    return level;
  });
}

/** The table has to be made anew before anything is stored. */
function unseen() {
  seen = false;
  send.textContent = "Show recognised tensors";
}

/** Something was decided that the table does not show yet. */
function stale() {
  hide();
  unseen();
}

/**
 * @param {number} from
 * @param {number} to
 */
function move(from, to) {
  const [one] = files.splice(from, 1);
  files.splice(to, 0, one);
  placed = true;
  stale();
  moved.textContent = `${one.path} is now level ${levels()[to]}`;
  show();
  // The focus goes with the file, on the same button while it can go on that way.
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (list.children[to].querySelectorAll(".moves button"));
  const same = buttons[to < from ? 0 : 1];
  (same.disabled ? buttons[to < from ? 1 : 0] : same).focus();
}

/** @param {number} i */
function remove(i) {
  moved.textContent = `${files[i].path} is omitted`;
  files.splice(i, 1);
  forget();
  unseen();
  complain(files.length ? obstacle() : "");
  show();
  const next = /** @type {HTMLButtonElement | null} */ (list.children[Math.min(i, files.length - 1)]?.querySelector(".out") ?? null);
  (next ?? input).focus();
}

/**
 * @param {string} sign
 * @param {string} label
 * @param {boolean} disabled
 * @param {() => void} act
 */
function button(sign, label, disabled, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  made.textContent = sign;
  made.setAttribute("aria-label", label);
  made.title = label;
  made.disabled = disabled;
  made.addEventListener("click", act);
  return made;
}

/**
 * @param {string} name
 * @param {string} text
 */
function part(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}

function show() {
  list.hidden = !files.length;
  // The browser's own words beside the button count what is listed.
  const held = new DataTransfer();
  for (const { file } of files) held.items.add(file);
  input.files = held.files;
  const level = levels();
  const several = files.length > 1 && !sharded();
  list.replaceChildren(...files.map((each, i) => {
    const item = document.createElement("li");
    const moves = document.createElement("span");
    moves.className = "moves";
    const out = button("×", `Leave out ${each.path}`, false, () => remove(i));
    out.classList.add("out");
    moves.append(
      button("↑", `Move ${each.path} up to level ${i - 1}`, i === 0, () => move(i, i - 1)),
      button("↓", `Move ${each.path} down to level ${i + 1}`, i === files.length - 1, () => move(i, i + 1)),
      out,
    );
    const said = each.path.endsWith(".json") ? "index" : sharded() ? "shard" : `level ${level[i]}`;
    item.append(part("level", said), part("file num", each.path), part("size num", size(each.file.size)), moves);
    if (!sharded()) item.append(settings(each, several));
    return item;
  }));
}

/**
 * Replicate and test accuracy of a file.
 * @param {Chosen} each
 * @param {boolean} several
 */
function settings(each, several) {
  const made = part("settings", "");
  if (several) {
    made.append(number("replicate", `Replicate of ${each.path}`, String(each.replicate), "1", (value) => {
      each.replicate = Math.max(0, Math.min(60, Math.round(Number(value) || 0)));
      placed = true;
      stale();
      show();
    }));
  }
  made.append(number("test accuracy (%)", `Test accuracy of ${each.path} in per cent, where known`, each.accuracy, "any", (value) => {
    each.accuracy = value;
  }));
  return made;
}

/**
 * @param {string} text
 * @param {string} label
 * @param {string} value
 * @param {string} step
 * @param {(value: string) => void} act
 */
function number(text, label, value, step, act) {
  const made = document.createElement("label");
  const box = document.createElement("input");
  box.type = "number";
  box.min = "0";
  box.max = step === "any" ? "100" : "60";
  box.step = step;
  box.value = value;
  box.setAttribute("aria-label", label);
  box.addEventListener("change", () => act(box.value));
  made.append(part("", text), box);
  return made;
}

input.addEventListener("change", () => add(plain(input.files)));
follow(drop, maxFiles, add);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const why = obstacle();
  complain(why);
  if (why) return input.focus();
  post(contents(), !seen, { recognised, failed: fail });
});
for (const field of document.querySelectorAll("#architecture input")) field.addEventListener("change", again);
for (const radio of document.querySelectorAll("#one-means input")) radio.addEventListener("change", again);

/** A decision was made: the table is made anew at once. */
function again() {
  unseen();
  if (!obstacle()) post(contents(), true, { recognised, failed: fail });
}

/** What is sent: the form, the files, and what was decided of them. */
function contents() {
  const body = new FormData(form);
  const tags = String(body.get("tags") ?? "").split(",");
  body.delete("tags");
  for (const tag of tags) body.append("tags", tag);
  body.delete("files");
  for (const { file, path } of files) body.append("files", file, path);
  const level = levels();
  if (placed && !sharded()) body.append("places", JSON.stringify(files.map(({ replicate }, i) => [replicate, level[i]])));
  const roles = decided();
  if (roles) body.append("roles", roles);
  const known = files.flatMap(({ replicate, accuracy }, i) => (accuracy === "" ? [] : [`${replicate},${level[i]},${Number(accuracy) / 100}`]));
  if (known.length) body.append("accuracies", ["replicate,level,test_accuracy", ...known].join("\n"));
  return body;
}

/** @param {import("./table.js").Preview} found */
function recognised(found) {
  complain("");
  if (!placed && !sharded()) {
    const place = new Map(found.networks.flatMap((each) => each.files.map((name) => /** @type {const} */ ([name, each.replicate]))));
    for (const each of files) each.replicate = place.get(each.path) ?? 0;
    show();
  }
  showTable(found, again);
  seen = !found.question;
  send.textContent = seen ? "Import" : "Show recognised tensors";
  moved.textContent = `${found.layers.length} layers recognised. ${found.question || found.warnings.join(" ")}`;
}

/** @param {{path: string, message: string}[]} errors */
function fail(errors) {
  const [{ path, message }] = errors;
  const field = document.getElementById(`f-${path}`);
  if (field && field !== input) complainAt(field, `${path} ${message}`);
  else complain(errors.map((each) => (each.path === "files" ? each.message : `${each.path} ${each.message}`)).join("; "));
  (field ?? input).focus();
}

/**
 * @param {HTMLElement} field
 * @param {string} text
 */
function complainAt(field, text) {
  const place = /** @type {HTMLElement} */ (field.closest(".field"));
  const said = place.querySelector(".error") ?? place.insertBefore(document.createElement("p"), place.querySelector(".help"));
  said.className = "error";
  said.textContent = text;
  field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => { field.removeAttribute("aria-invalid"); said.remove(); }, { once: true });
}

unseen();
