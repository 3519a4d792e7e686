/** The import of an archive: checked as soon as it is chosen, then stored, with how far the upload is. */
import { at, formToken } from "../address.js";

/** @typedef {{what: "run" | "sweep", id: string, name: string, state: string, was: string, fate: "new" | "equal" | "different", differs: string, imported_as: string}} Arrival */

const form = /** @type {HTMLFormElement} */ (document.getElementById("archive-form"));
const upload = /** @type {HTMLElement} */ (document.getElementById("upload"));
const bar = /** @type {HTMLProgressElement} */ (upload.querySelector("progress"));
const words = /** @type {HTMLElement} */ (upload.querySelector("p"));
const button = /** @type {HTMLButtonElement} */ (document.getElementById("send"));
const found = /** @type {HTMLElement} */ (document.getElementById("found"));
const file = /** @type {HTMLInputElement} */ (document.getElementById("f-file"));
const renewed = /** @type {HTMLInputElement} */ (document.getElementById("f-new"));
/** The upload that goes on. @type {XMLHttpRequest | null} */
let current = null;

/** @param {boolean} dry */
function send(dry) {
  current?.abort();
  const body = new FormData();
  body.append("file", /** @type {FileList} */ (file.files)[0]);
  const request = (current = new XMLHttpRequest());
  upload.hidden = false;
  button.disabled = true;
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = loaded / Math.max(total, 1);
    words.textContent = `${Math.round((100 * loaded) / Math.max(total, 1))} % uploaded`;
  };
  request.upload.onload = () => {
    bar.removeAttribute("value"); // how long the check takes is not known
    words.textContent = dry ? "checking …" : "checking and saving …";
  };
  request.onload = () => done(request, dry);
  request.onerror = () => fail("The server refused the file or cannot be reached. Nothing was stored.");
  request.open("POST", at(`/api/v1/archives?dry_run=${dry}&new_ids=${renewed.checked}`));
  for (const [name, value] of Object.entries({ Accept: "application/json", ...formToken() })) request.setRequestHeader(name, value);
  request.responseType = "json";
  request.send(body);
}

/** @param {XMLHttpRequest} request @param {boolean} dry */
function done(request, dry) {
  const answer = request.response;
  if (request.status >= 300 || !answer) return fail(answer?.detail ?? `The server answered ${request.status}.`);
  upload.hidden = true;
  const runs = /** @type {Arrival[]} */ (answer.items);
  button.disabled = dry && runs.every((run) => run.fate === "equal");
  const different = runs.some((run) => run.fate === "different");
  if (different) button.disabled = true;
  const list = document.createElement("ul");
  list.className = "arrivals plain";
  list.append(...runs.slice(0, 200).map((run) => row(run, dry)));
  found.replaceChildren(paragraph(answer.message + (different ? " Give them new ids to import them." : "")), list);
  if (!dry) file.value = "";
}

/** @param {Arrival} run @param {boolean} dry */
function row(run, dry) {
  const item = document.createElement("li");
  const name = document.createElement(dry && run.fate === "new" ? "strong" : "a");
  name.textContent = run.name;
  if (name instanceof HTMLAnchorElement) name.href = at(`/${run.what}s/${run.imported_as}`);
  const id = document.createElement("span");
  id.className = "num faint";
  id.textContent = run.imported_as;
  const fate = document.createElement("span");
  fate.className = "soft";
  const now = run.was === run.state ? "" : `; it was ${run.was} and arrives as ${run.state}`;
  fate.textContent = { new: (dry ? "new" : "imported") + now, equal: "here already and equal", different: `here already, with another ${run.differs}` }[run.fate];
  item.append(name, " ", id, " ", fate);
  return item;
}

/** @param {string} text @param {string} [role] */
function paragraph(text, role = "") {
  const element = document.createElement("p");
  element.textContent = text;
  if (role) element.setAttribute("role", role);
  element.className = role ? "error" : "message";
  return element;
}

/** @param {string} text */
function fail(text) {
  upload.hidden = true;
  button.disabled = false;
  found.replaceChildren(paragraph(text, "alert"));
}

const look = () => { if (file.files?.length) send(true); };
file.addEventListener("change", look);
renewed.addEventListener("change", look);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(false);
});
