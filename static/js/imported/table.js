/** The table of an import: what the server recognised in the files, with ticks and roles that a reader may change. */

/** @typedef {{name: string, dtype: string, shape: number[], role: string, layer: string, taken: boolean, why: string, kept: number[] | null, total: number | null}} Line */
/** @typedef {{files: string[], replicate: number, level: number, kept: number | null, total: number, collapse: string}} Network */
/** @typedef {{holds: string, networks: Network[], layers: {name: string}[], tensors: Line[], warnings: string[], question: string, architecture_of: string}} Preview */

const ROLES = ["mask", "inverted mask", "weights", "initial weights"];
const MOST = 300;

const section = /** @type {HTMLElement} */ (document.getElementById("preview"));
const summary = /** @type {HTMLElement} */ (document.getElementById("preview-summary"));
const warnings = /** @type {HTMLElement} */ (document.getElementById("preview-warnings"));
const question = /** @type {HTMLElement} */ (document.getElementById("one-means"));
const body = /** @type {HTMLTableSectionElement} */ (section.querySelector("tbody"));
const more = /** @type {HTMLElement} */ (document.getElementById("preview-more"));

/** What a reader decided: roles by tensor. @type {Map<string, string>} */
const roles = new Map();

/** The decisions as the API takes them; empty where there are none. */
export function decided() {
  return roles.size ? JSON.stringify(Object.fromEntries(roles)) : "";
}

/** Forget the decisions and the table: other files are chosen. */
export function forget() {
  roles.clear();
  hide();
  question.hidden = true;
  for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (question.querySelectorAll("input"))) radio.checked = false;
}

/** Hide the table: it no longer tells what would be stored. */
export function hide() {
  section.hidden = true;
}

/**
 * Show what was recognised; `changed` is called when a reader decides otherwise.
 * @param {Preview} found
 * @param {() => void} changed
 */
export function show(found, changed) {
  section.hidden = false;
  const levels = found.networks.length;
  summary.textContent = `${found.layers.length} ${found.layers.length === 1 ? "layer" : "layers"} in ${levels} ${levels === 1 ? "network" : "networks"}: ${found.holds}. `
    + keptBy(found.networks) + (found.architecture_of ? ` Architecture of run ${found.architecture_of}.` : "");
  warnings.replaceChildren(...found.warnings.map((text) => element("li", text)));
  warnings.hidden = !found.warnings.length;
  if (found.question) question.hidden = false;
  /** @type {HTMLElement} */ (question.querySelector(".error")).textContent = found.question;
  /** @type {HTMLElement} */ (question.querySelector(".error")).hidden = !found.question;
  body.replaceChildren(...found.tensors.slice(0, MOST).map((line) => row(line, changed)));
  more.hidden = found.tensors.length <= MOST;
  more.textContent = `and ${found.tensors.length - MOST} more tensors, recognised in the same way`;
}

/**
 * How many weights each level keeps.
 * @param {Network[]} networks
 */
function keptBy(networks) {
  const [first] = networks;
  if (first.kept === null) return "How many weights are kept depends on what 1 means in the masks.";
  const replicates = new Set(networks.map((each) => each.replicate)).size;
  const each = networks.map(({ kept, total, level, replicate, collapse }, i) => {
    const place = replicates > 1 ? `replicate ${replicate}, level ${level}` : `level ${level}`;
    const share = `${(kept ?? 0).toLocaleString("en")}${i ? "" : ` of ${total.toLocaleString("en")} weights`} (${((100 * (kept ?? 0)) / Math.max(1, total)).toPrecision(3)} %)`;
    return `${place}: ${share}${collapse ? ", layer collapse" : ""}`;
  });
  return `Kept weights: ${each.join("; ")}.`;
}

/**
 * @param {Line} line
 * @param {() => void} changed
 */
function row(line, changed) {
  const made = document.createElement("tr");
  made.className = line.taken ? "" : "left";
  const tick = document.createElement("input");
  tick.type = "checkbox";
  tick.checked = line.taken;
  tick.setAttribute("aria-label", `Read ${line.name}`);
  tick.addEventListener("change", () => {
    roles.set(line.name, tick.checked ? (ROLES.includes(line.role) ? line.role : line.role.includes("mask") ? "mask" : "weights") : "left out");
    changed();
  });
  const role = document.createElement("select");
  role.setAttribute("aria-label", `Role of ${line.name}`);
  for (const each of [...new Set([line.role, ...ROLES])]) role.add(new Option(each, each, false, each === line.role));
  role.addEventListener("change", () => {
    roles.set(line.name, role.value);
    changed();
  });
  const kept = line.kept === null || line.total === null ? "" : `${spread(line.kept)} of ${line.total.toLocaleString("en")}`;
  made.append(
    cell("Read", tick), cell("Tensor", element("span", line.name, "num")), cell("Shape", element("span", line.shape.join("×") || "1", "num")),
    cell("Role", role), cell("Layer", element("span", line.layer, "num")), cell("Kept", element("span", kept, "num")), cell("Reason", element("span", line.why, "soft")),
  );
  return made;
}

/** @param {number[]} kept */
function spread(kept) {
  const [high, low] = [Math.max(...kept), Math.min(...kept)];
  return (high === low ? [high] : [high, low]).map((each) => each.toLocaleString("en")).join(" to ");
}

/**
 * @param {string} label
 * @param {HTMLElement} content
 */
function cell(label, content) {
  const made = document.createElement("td");
  made.dataset.label = label;
  if (!content.textContent && content.tagName === "SPAN") made.classList.add("none");
  made.append(content);
  return made;
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [name]
 */
function element(tag, text, name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = name;
  return made;
}
