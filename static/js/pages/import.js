/** Import: files dropped or chosen, put in the order of their levels, sent with their progress and time left. */
import { at } from "../address.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("import-form"));
const input = /** @type {HTMLInputElement} */ (document.getElementById("f-files"));
const drop = /** @type {HTMLElement} */ (document.getElementById("drop"));
const list = /** @type {HTMLOListElement} */ (document.getElementById("levels"));
const problem = /** @type {HTMLElement} */ (document.getElementById("f-files-error"));
const moved = /** @type {HTMLElement} */ (document.getElementById("moved"));
const upload = /** @type {HTMLElement} */ (document.getElementById("upload"));
const bar = /** @type {HTMLProgressElement} */ (upload.querySelector("progress"));
const told = /** @type {HTMLElement} */ (upload.querySelector("p"));
const send = /** @type {HTMLButtonElement} */ (form.querySelector("button.go"));
const abort = /** @type {HTMLButtonElement} */ (document.getElementById("abort"));
const maxBytes = Number(form.dataset.maxBytes);
const maxFiles = Number(form.dataset.maxFiles);

/** @type {File[]} */
let files = [];
const natural = new Intl.Collator("en", { numeric: true });

// From here on the list holds the files; the input only adds to it.
input.required = false;
/** @type {HTMLElement} */ (drop.querySelector(".dropped")).hidden = false;
const help = /** @type {HTMLElement} */ (document.getElementById("f-files-help"));
help.textContent = "One file for each level, the first is level 0. Change their order below.";

/** @param {number} bytes */
function size(bytes) {
  const [unit, name] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(bytes / unit).toFixed(bytes < 10 * unit ? 1 : 0)} ${name}`;
}

/** @param {number} seconds */
function duration(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

/** @param {string} text */
function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

/** Why the chosen files cannot be sent; empty when they can. */
function obstacle() {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (!files.length) return "Choose at least one file.";
  if (files.length > maxFiles) return `${files.length} files; at most ${maxFiles} are imported at once.`;
  if (bytes > maxBytes) return `${size(bytes)} in all; at most ${size(maxBytes)} are imported at once.`;
  return "";
}

/** @param {FileList | null | undefined} chosen */
function add(chosen) {
  files.push(...[...(chosen ?? [])].sort((a, b) => natural.compare(a.name, b.name)));
  complain(files.length ? obstacle() : "");
  show();
}

/**
 * @param {number} from
 * @param {number} to
 */
function move(from, to) {
  const [file] = files.splice(from, 1);
  files.splice(to, 0, file);
  moved.textContent = `${file.name} is now level ${to}`;
  show();
  // The focus goes with the file, on the same button while it can go on that way.
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (list.children[to].querySelectorAll("button"));
  const same = buttons[to < from ? 0 : 1];
  (same.disabled ? buttons[to < from ? 1 : 0] : same).focus();
}

/** @param {number} i */
function remove(i) {
  moved.textContent = `${files[i].name} is left out`;
  files.splice(i, 1);
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
  list.replaceChildren(...files.map((file, i) => {
    const item = document.createElement("li");
    const moves = document.createElement("span");
    moves.className = "moves";
    const out = button("×", `Leave out ${file.name}`, false, () => remove(i));
    out.classList.add("out");
    moves.append(
      button("↑", `Move ${file.name} up to level ${i - 1}`, i === 0, () => move(i, i - 1)),
      button("↓", `Move ${file.name} down to level ${i + 1}`, i === files.length - 1, () => move(i, i + 1)),
      out,
    );
    item.append(part("level", `level ${i}`), part("file num", file.name), part("size num", size(file.size)), moves);
    return item;
  }));
}

input.addEventListener("change", () => {
  add(input.files);
  input.value = ""; // the same file may be chosen again after it was left out
});
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer?.files); });
// A file that misses the place would replace the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const why = obstacle();
  complain(why);
  if (why) return input.focus();
  const body = new FormData(form);
  body.delete("files");
  for (const file of files) body.append("files", file, file.name);
  post(body);
});

/** @param {FormData} body */
function post(body) {
  const request = new XMLHttpRequest();
  const began = performance.now();
  busy(true);
  abort.onclick = () => request.abort();
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = loaded / Math.max(total, 1);
    const left = ((performance.now() - began) / 1000) * (total / Math.max(loaded, 1) - 1);
    told.textContent = loaded < total ? `${size(loaded)} of ${size(total)} · ${duration(left)} left` : "checking and saving …";
  };
  request.upload.onload = () => {
    bar.removeAttribute("value"); // how long the check takes is not known
    told.textContent = "checking and saving …";
  };
  request.onload = () => {
    const answer = request.response ?? { detail: `the server answered ${request.status}` };
    if (request.status === 201) location.assign(at(`/runs/${answer.id}`));
    else fail(answer.errors?.length ? answer.errors : [{ path: "files", message: answer.detail }]);
  };
  request.onerror = () => fail([{ path: "files", message: "The server did not take the files, or is away. Nothing was stored." }]);
  request.onabort = () => busy(false);
  request.open("POST", at("/api/v1/imports"));
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.send(body);
}

/** @param {boolean} now */
function busy(now) {
  upload.hidden = abort.hidden = !now;
  send.disabled = now;
  bar.value = 0;
  told.textContent = now ? "starting …" : "";
}

/** @param {{path: string, message: string}[]} errors */
function fail(errors) {
  busy(false);
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
