/** Runs and tickets chosen by name, in place of a field of ids and addresses, which keeps what is chosen. */
import { at } from "../address.js";
import { Combobox } from "../form/combobox.js";

const WITH_MASKS = (document.documentElement.dataset.withMasks ?? "").split(" ");

/** Names of runs by id, of those that exist. @param {Iterable<string>} ids @returns {Promise<Map<string, string>>} */
async function namesOf(ids) {
  const found = await Promise.all([...ids].map((id) => search(id, new AbortController().signal).catch(() => [])));
  return new Map(found.flat().map(({ value, name }) => [value, name]));
}

/** Runs with masks whose name, id, tags, model or data hold these words. @param {string} words @param {AbortSignal} signal */
async function search(words, signal) {
  const answer = await fetch(at(`/api/v1/runs?${new URLSearchParams({ q: words, limit: "40" })}`), { signal });
  const { items } = await answer.json();
  return items.filter((/** @type {any} */ run) => WITH_MASKS.includes(run.kind)).slice(0, 12).map((/** @type {any} */ run) => ({ value: run.id, name: run.name, about: `${run.id} · ${run.state}` }));
}

/** A ticket's address in words, without its run. @param {string} address such as `0:5` or `0:5:shuffled:1` */
function ticketWords(address) {
  const [replicate, level, control, draw] = address.split(":");
  return `replicate ${replicate} · level ${level}${control ? ` · ${control.replaceAll("_", " ")}${draw === "0" ? "" : ` ${draw}`}` : ""}`;
}

/**
 * Let runs, or tickets of runs, be chosen by name; `input` holds ids or addresses, parted by commas where there may be
 * many, and announces a change as if it had been typed.
 * @param {HTMLInputElement} input
 * @param {{label: string, tickets?: boolean, many?: boolean, names?: Record<string, string>, only?: boolean, without?: string}} options
 */
export function pickRuns(input, { label, tickets = false, many = false, names = {}, only = true, without = "" }) {
  const called = new Map(Object.entries(names));
  const chips = document.createElement("ul");
  chips.className = "chips plain";
  const ticket = document.createElement("select");
  ticket.hidden = true;
  const values = () => input.value.split(",").map((each) => each.trim()).filter(Boolean);
  const write = (/** @type {string[]} */ now) => {
    input.value = now.join(",");
    draw();
    for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
  };
  const add = (/** @type {string} */ value) => write(many ? [...new Set([...values(), value])] : [value]);

  function draw() {
    chips.hidden = !values().length;
    chips.replaceChildren(...values().map((value) => {
      const [run, ...place] = value.split(":");
      const chip = document.createElement("li");
      const name = Object.assign(document.createElement("a"), { href: at(`/runs/${run}`), textContent: called.get(run) ?? run });
      const about = Object.assign(document.createElement("span"), { className: "faint num", textContent: tickets ? ticketWords(place.join(":")) : called.has(run) ? run : "" });
      const remove = Object.assign(document.createElement("button"), { type: "button", className: "link quiet", textContent: "Remove" });
      remove.setAttribute("aria-label", `Remove ${called.get(run) ?? run} ${tickets ? ticketWords(place.join(":")) : ""}`.trim());
      remove.addEventListener("click", () => {
        write(values().filter((each) => each !== value));
        box.input.focus();
      });
      chip.append(name, about, remove);
      return chip;
    }));
  }

  const box = new Combobox(label, async (words, signal) => (await search(words, signal)).filter((/** @type {any} */ each) => tickets || each.value !== without), async (option) => {
    called.set(option.value, option.name);
    if (!tickets) return add(option.value);
    const answer = await fetch(at(`/api/v1/runs/${option.value}/masks`)).catch(() => null);
    /** @type {string[]} */
    const saved = answer?.ok ? (await answer.json()).tickets : [];
    const blank = new Option(saved.length ? `Which ticket of ${option.name}?` : `${option.name} has saved no masks`, "");
    // The deepest levels are what most are after.
    const sorted = saved.map((each) => each.split(":")).sort((a, b) => Number(a[0]) - Number(b[0]) || Number(b[1]) - Number(a[1]) || a.length - b.length);
    ticket.replaceChildren(blank, ...sorted.map((each) => new Option(ticketWords(each.join(":")), `${option.value}:${each.join(":")}`)));
    ticket.setAttribute("aria-label", `Ticket of ${option.name}`);
    ticket.hidden = false;
    ticket.focus();
  });
  ticket.addEventListener("input", (event) => event.stopPropagation());
  ticket.addEventListener("change", (event) => {
    event.stopPropagation();
    if (!ticket.value) return;
    const value = ticket.value;
    ticket.hidden = true;
    add(value);
    box.input.focus();
  });

  const picker = document.createElement("div");
  picker.className = "picker";
  picker.append(chips, box.element, ticket);
  input.before(picker);
  input.hidden = only;
  const renew = async () => {
    draw();
    const unknown = new Set(values().map((value) => value.split(":")[0]).filter((run) => /^[0-9a-z]{4,20}$/.test(run) && !called.has(run)));
    if (!unknown.size) return;
    for (const [run, name] of await namesOf(unknown)) called.set(run, name);
    draw();
  };
  input.addEventListener("input", renew);
  renew();
  return {
    /** What is chosen was set from elsewhere. */
    renew,
  };
}
