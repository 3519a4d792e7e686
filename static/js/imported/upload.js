/** The upload of an import: how far it is, how long it takes, and what the server answers. */
import { at, formToken } from "../address.js";

const upload = /** @type {HTMLElement} */ (document.getElementById("upload"));
const bar = /** @type {HTMLProgressElement} */ (upload.querySelector("progress"));
const words = /** @type {HTMLElement} */ (upload.querySelector("p"));
const send = /** @type {HTMLButtonElement} */ (document.querySelector("#import-form button.go"));
const abort = /** @type {HTMLButtonElement} */ (document.getElementById("abort"));

/** @param {number} bytes */
export function size(bytes) {
  const [unit, name] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(bytes / unit).toFixed(bytes < 10 * unit ? 1 : 0)} ${name}`;
}

/** @param {number} seconds */
function duration(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

/**
 * Send the form, and show how far it is.
 * @param {FormData} body
 * @param {boolean} dry whether only to look
 * @param {{recognised: (found: import("./table.js").Preview) => void, failed: (errors: {path: string, message: string}[]) => void}} then
 */
export function post(body, dry, then) {
  const request = new XMLHttpRequest();
  const began = performance.now();
  busy(true);
  abort.onclick = () => request.abort();
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = loaded / Math.max(total, 1);
    const left = ((performance.now() - began) / 1000) * (total / Math.max(loaded, 1) - 1);
    words.textContent = loaded < total ? `${size(loaded)} of ${size(total)} · ${duration(left)} left` : "checking and saving …";
  };
  request.upload.onload = () => {
    bar.removeAttribute("value"); // how long the check takes is not known
    words.textContent = "checking and saving …";
  };
  request.onload = () => {
    const answer = request.response ?? { detail: `the server answered ${request.status}` };
    if (request.status === 200) done(() => then.recognised(answer));
    else if (request.status === 201) location.assign(at(`/runs/${answer.id}`));
    else done(() => then.failed(answer.errors?.length ? answer.errors : [{ path: "files", message: answer.detail }]));
  };
  request.onerror = () => done(() => then.failed([{ path: "files", message: "The server refused the files or cannot be reached. Nothing was stored." }]));
  request.onabort = () => busy(false);
  request.open("POST", at(`/api/v1/imports${dry ? "?dry_run=true" : ""}`));
  for (const [name, value] of Object.entries({ Accept: "application/json", ...formToken() })) request.setRequestHeader(name, value);
  request.responseType = "json";
  request.send(body);
}

/** @param {() => void} act */
function done(act) {
  busy(false);
  act();
}

/** @param {boolean} now */
function busy(now) {
  upload.hidden = abort.hidden = !now;
  send.disabled = now;
  bar.value = 0;
  words.textContent = now ? "starting …" : "";
}
