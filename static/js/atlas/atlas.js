/** The masks of a run: the address holds what is seen, controls change the address, and everything follows it. */
import { at } from "../address.js";
import { paced } from "../hints.js";
import { advance, following, onNewest, stay } from "../newest.js";
import { renewParts } from "../parts.js";
import { onTheme } from "../theme.js";
import { chooseOther, short } from "./compare.js";
import { Divider } from "./divider.js";
import { download } from "./download.js";
import { legendText } from "./legend_text.js";
import { Matrix } from "./matrix.js";
import { playLevels } from "./play.js";
import { theme } from "./scales.js";
import { csvAddress, legendAddress, partnerOf, tile, tileAddress, ticketOf } from "./server.js";
import { UnitPanel } from "./unit_panel.js";

/** @typedef {import("./server.js").View} View */

const MOST_IN_CSV = 200_000;

/**
 * @param {HTMLFormElement} form
 * @param {(name: string, value: string) => void} chosen called when the level, the layer or the replicate changes
 */
export async function atlas(form, chosen) {
  const run = form.dataset.run ?? "";
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (form.querySelector(selector));
  const control = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const readout = find("#readout");
  const legend = find("#legend");
  const apart = find("#apart");
  const matrices = find("#matrices");
  const placeB = find("#matrix-b");
  const placeA = find("#matrix-a");
  const film = /** @type {HTMLButtonElement} */ (find("#film"));
  const modes = find('[aria-label="How to compare"]');
  let v = form.dataset.seq ?? "";
  const layer = control("layer").value;
  const size = (/** @type {string} */ name) => Number(placeA.dataset[name]);
  const shape = {
    rows: size("rows"), columns: size("columns"), kernel: size("kernel"), wide: size("wide"), last: Number(control("level").max),
    many: /** @type {HTMLSelectElement} */ (/** @type {unknown} */ (control("replicate"))).options.length,
  };
  const units = new UnitPanel(form);
  /** @type {Matrix | null} */
  let second = null;

  const here = () => new URL(location.href);
  const write = (/** @type {Record<string, string>} */ changes) => {
    const address = here();
    address.searchParams.set("tab", "masks");
    if (following()) address.searchParams.delete("level");
    address.searchParams.delete("branch"); // of a link of before
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || (name === "level" && following())) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    history.replaceState(null, "", address);
    document.dispatchEvent(new CustomEvent("chosen"));
  };
  /** @returns {import("./server.js").Ticket} */
  const ticket = () => {
    const [name, draw] = control("control").value.split(":");
    return { run, replicate: control("replicate").value, level: control("level").value, ...(name ? { control: name, draw } : {}) };
  };
  const other = () => control("other").value;
  /** The layer of the other ticket that is compared with this one; null without one, and where it cannot be said. @type {import("./server.js").Partner | null} */
  let partner = null;
  const pairing = () => here().searchParams.get("pairing") ?? "";
  const mode = () => (other() && partner ? /** @type {HTMLInputElement} */ (form.querySelector("input[name=mode]:checked")).value : "");
  const address = () => [run, ...Object.values(ticket()).slice(1)].join(":");
  // Two pictures have one colour scale and one order, that of A.
  const look = (/** @type {string} */ shown = "") => ({
    layer: layer, color: shown || (mode() === "difference" ? "difference" : control("color").value), rows: control("rows").value, columns: control("columns").value,
    other: mode() ? other() : "", order_of: "", pairing: mode() ? pairing() : "",
  });
  const lookB = () => ({ ...look(), layer: partner?.layer ?? layer, other: address(), order_of: address() });
  const words = (/** @type {import("./server.js").Ticket} */ each) => `replicate ${each.replicate} · level ${each.level}${each.control ? ` · ${each.control.replaceAll("_", " ")}` : ""}${each.run === run ? "" : ` of ${short(partner?.name || each.run)}`}`;

  const listener = {
    moved: (/** @type {View} */ view) => {
      const whole = view.bottom - view.top >= shape.rows && view.right - view.left >= shape.columns;
      write({ view: whole ? "" : [view.top, view.bottom, view.left, view.right].map((value) => String(Math.round(value * 100) / 100)).join(",") });
    },
    told: (/** @type {string[]} */ parts) => { readout.textContent = parts.join(" · "); },
    picked: (/** @type {number} */ unit) => {
      control("unit").value = String(unit);
      write({ unit: String(unit) });
      showUnit();
    },
    drawn: (/** @type {Matrix} */ matrix) => {
      if (matrix === first) tell();
      divider.clip();
    },
    failed: (/** @type {string} */ text) => { legend.textContent = `The picture could not be fetched: ${text}`; },
  };
  const first = new Matrix(placeA, shape, { ...listener, moved: (view) => { listener.moved(view); second?.go(view, true); overlay(); } });
  const divider = new Divider(first);

  /** What the picture shows, how many weights, and where its CSV lies. */
  function tell() {
    if (!first.tile) return;
    const { touched, weights } = first;
    legend.textContent = legendText(first, first.tile, ["side", "divider"].includes(mode()));
    const csv = /** @type {HTMLAnchorElement} */ (find("#matrix-csv"));
    if (weights <= MOST_IN_CSV) csv.href = csvAddress(ticket(), look(), touched);
    else csv.removeAttribute("href");
    csv.title = weights <= MOST_IN_CSV ? "" : `Zoom in to ${MOST_IN_CSV.toLocaleString("en-US")} weights or fewer`;
  }

  const showUnit = () => control("unit").value !== "" && units.show(ticket(), layer, Number(control("unit").value), signedLegend());
  const signedLegend = () => legends.initial ?? legends.trained;
  /** @type {Record<string, import("./server.js").Legend>} */
  let legends = {};
  const readLegends = async () => {
    const answer = await fetch(legendAddress(ticket(), layer)).catch(() => null);
    legends = answer?.ok ? await answer.json() : {};
  };

  /** The second ticket, over the first one, for the divider. */
  async function overlay() {
    if (mode() !== "divider") return;
    const asked = first.touched;
    const made = await tile(tileAddress(ticketOf(other()), lookB(), asked, { ...first.size, theme: theme(), v: "" }), new AbortController().signal).catch((error) => {
      listener.failed(error.message);
      return null;
    });
    if (mode() !== "divider" || JSON.stringify(asked) !== JSON.stringify(first.touched)) return;
    first.over = made;
    await first.draw();
    divider.show(true);
  }

  /** Which layer of the other ticket is compared, as the server says. */
  async function pairUp() {
    partner = null;
    let reason = "";
    if (other()) {
      try {
        const found = await partnerOf(ticket(), layer, other(), pairing());
        if (found.layer === null) reason = found.reason ?? "";
        else partner = found;
      } catch (error) {
        reason = `${error instanceof Error ? error.message : error}.`;
      }
    }
    apart.textContent = reason && `Not compared. ${reason}`;
    apart.hidden = !reason;
  }

  /** Show what the controls say. */
  async function show() {
    await pairUp();
    const two = mode() === "side";
    matrices.classList.toggle("two", two);
    placeB.hidden = !two;
    modes.hidden = !other() || !partner;
    first.fine = mode() !== "divider";
    first.over = null;
    first.title = mode() ? (mode() === "difference" ? `A: ${words(ticket())}, B: ${words(ticketOf(other()))}` : `A: ${words(ticket())}`) : "";
    divider.show(false);
    const jobs = [first.show(ticket(), look(), v)];
    if (two) {
      if (!second) {
        second = new Matrix(placeB, shape, { ...listener, moved: (view) => first.go(view) });
        second.view = { ...first.view };
      }
      const named = partner?.layer && partner.layer !== layer ? `, ${partner.layer}` : "";
      second.shape = { ...shape, last: partner?.last_level ?? shape.last, many: partner?.replicates ?? shape.many };
      second.title = `B: ${words(ticketOf(other()))}${named}`;
      second.view = { ...first.view };
      jobs.push(second.show(ticketOf(other()), lookB(), ""));
    }
    await Promise.all(jobs);
    await overlay();
  }

  const renew = paced(renewParts, 250);
  const turn = paced(async () => { await Promise.all([show(), readLegends()]); showUnit(); }, 40);

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    if (input.id === "other-address" || input.id === "goto-input") return;
    if (input.name === "unit") {
      write({ unit: input.value });
      showUnit();
      return;
    }
    write({ [input.name]: input.value });
    if (input.name === "other") renew();
    if (["level", "replicate", "control"].includes(input.name)) {
      chosen(input.name, input.value);
      renew();
    }
    turn();
  });
  chooseOther(form, {
    other: (chosen) => { write({ other: chosen }); turn(); },
    paired: (value) => { write({ pairing: value }); turn(); renew(); },
    words: async (chosen) => {
      const made = await partnerOf(ticket(), layer, chosen, pairing()).catch(() => null);
      return `${words({ ...ticketOf(chosen), run })} of ${short(made?.name ?? ticketOf(chosen).run)}`;
    },
  });
  form.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    const pan = { left: [0, -0.3], right: [0, 0.3], up: [-0.3, 0], down: [0.3, 0] }[button?.dataset.pan ?? ""];
    if (pan) first.pan(pan[0], pan[1]);
    else if (button?.dataset.zoom === "in") first.zoom(0.6);
    else if (button?.dataset.zoom === "out") first.zoom(1 / 0.6);
    else if (button?.dataset.zoom === "all") first.go(first.whole);
    else if (button?.dataset.save) save(button.dataset.save);
    else if (button?.id === "goto") goTo();
  });

  /** Zoom to the weight that is typed. */
  async function goTo() {
    const [unit, input] = [Number(control("unit").value || 0), Number(/** @type {HTMLInputElement} */ (find("#goto-input")).value || 0)];
    if (control("rows").value !== "natural" || control("columns").value !== "natural") {
      control("rows").value = control("columns").value = "natural";
      write({ rows: "", columns: "" });
      first.look = look();
      if (second) second.look = lookB();
    }
    const column = input * shape.kernel;
    await first.go({ top: unit - 8, bottom: unit + 9, left: column - 12, right: column + 13 });
    const weight = await first.weight(unit, column, new AbortController().signal);
    if (weight) listener.told(first.say(weight));
    write({ unit: String(unit) });
    showUnit();
  }

  const save = (/** @type {string} */ format) => download(placeA, {
    title: `${layer} of ${run}, ${words(ticket())}`, foot: legend.textContent ?? "", format,
    name: `${run}-r${control("replicate").value}-l${control("level").value}-${layer}-${look().color}`,
  });

  const level = control("level");
  playLevels(film, level, async (to) => {
    stay();
    level.value = String(to);
    write({ level: level.value });
    chosen("level", level.value);
    await Promise.all([show(), renewParts()]);
    showUnit();
  });

  onTheme(() => { show(); showUnit(); });
  const given = here().searchParams;
  const [top, bottom, left, right] = (given.get("view") ?? "").split(",").map(Number);
  if (bottom > top && right > left && top >= 0 && left >= 0 && bottom <= shape.rows && right <= shape.columns) first.view = { top, bottom, left, right };
  // The live parts of the page are asked for by its address: it names what the controls show.
  write({ layer: layer, level: control("level").value, replicate: control("replicate").value });
  // What the colours of the unit mean is read from all weights of the layer: after the picture.
  await show();
  await readLegends();
  showUnit();

  onNewest((to) => {
    if (level.value === to) return;
    if (Number(to) > Number(level.max)) {
      level.max = to;
      shape.last = Number(to);
    }
    level.value = to;
    chosen("level", to);
    renew();
    turn();
  });
  return {
    /** New masks are saved: more levels may be chosen. */
    async renew() {
      const now = await (await fetch(at(`/api/v1/runs/${run}/masks`))).json().catch(() => null);
      if (!now) return;
      v = String(now.seq);
      const levels = now.tickets.filter((/** @type {string} */ each) => each.split(":").length === 2 && each.startsWith(`${control("replicate").value}:`)).map((/** @type {string} */ each) => Number(each.split(":")[1]));
      if (levels.length) {
        level.max = String(Math.max(...levels));
        shape.last = Number(level.max);
      }
      shape.many = new Set(now.tickets.map((/** @type {string} */ each) => each.split(":")[0])).size;
      advance();
    },
    /** Another part of the page has chosen a level. @param {string} to */
    adopt(to) {
      if (level.value === to || Number(to) > Number(level.max)) return;
      level.value = to;
      renew();
      turn();
    },
  };
}
