/** The choice of tickets to compare: what is chosen goes into the address and into both figures below. */
import { choosePairing } from "./pairing.js";
import { renewParts } from "../parts.js";
import { pickRuns } from "./run_picker.js";

/**
 * @param {HTMLFormElement} form
 * @param {(name: string, value: string) => void} chosen
 */
export function chooseTickets(form, chosen) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=checkbox][name=ticket]"));
  const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (form.querySelector(`#${id}`));
  const text = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id));
  const pairing = /** @type {HTMLInputElement} */ (form.elements.namedItem("pairing"));
  const none = part("choose-none");
  const list = (/** @type {string} */ words) => words.split(",").map((word) => word.trim()).filter(Boolean);
  const names = JSON.parse(form.dataset.names ?? "{}");
  pickRuns(text("others"), { label: "Add a run by name or id", many: true, names, without: form.action.split("/").pop() ?? "" });
  const tickets = pickRuns(text("other-tickets"), { label: "Add a ticket of another run by name or id", tickets: true, many: true, names });

  /** Only what applies is shown. */
  const apply = (/** @type {number} */ named) => {
    const across = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=across]:checked"))?.value ?? "";
    part("across").hidden = named > 0 || form.querySelectorAll("input[name=across]").length < 2;
    for (const label of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("label[data-across]"))) {
      const applies = label.dataset.across ?? "";
      const several = (label.querySelector("select")?.options.length ?? 0) > 1;
      label.hidden = !several || (applies !== "" && (named > 0 || !applies.split(" ").includes(across)));
    }
    part("chosen-count").textContent = named ? `${named} chosen` : "";
    none.hidden = !named;
  };
  const named = () => [...[...boxes].filter((box) => box.checked).map((box) => box.value), ...list(text("other-tickets").value)];
  let takes = 0;
  const take = async () => {
    const mine = ++takes;
    const address = new URL(location.href);
    address.searchParams.delete("ticket");
    const now = named();
    const values = new Map([["tickets", now.join(",")], ["others", list(text("others").value).join(",")], ["pairing", pairing.value]]);
    for (const [name, value] of new FormData(form)) if (["across", "level", "replicate", "layer", "measure"].includes(name)) values.set(name, String(value));
    for (const [name, value] of values) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    history.replaceState(null, "", address);
    document.dispatchEvent(new CustomEvent("chosen"));
    apply(now.length);
    // Whether layers are paired is known first: where they are not, no figure is asked for.
    await renewParts();
    if (mine === takes) for (const [name, value] of values) chosen(name, value);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", take);
  apply(named().length);
  none.addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    text("other-tickets").value = "";
    tickets.renew();
    take();
  });
  choosePairing(/** @type {HTMLElement} */ (document.getElementById("pairings")), (value) => {
    pairing.value = value;
    take();
  });
}
