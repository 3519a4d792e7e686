/** The choice of which layers of two runs belong together: a form for each other run, whose answer is in the address. */

/**
 * Follow the forms in `place`: a layer that is taken twice is swapped, and what is confirmed goes to `chosen`.
 * @param {HTMLElement} place
 * @param {(pairing: string) => void} chosen
 */
export function choosePairing(place, chosen) {
  /** @type {WeakMap<HTMLSelectElement, string>} */
  const before = new WeakMap();
  const was = (/** @type {HTMLSelectElement} */ select) => before.get(select) ?? [...select.options].find((option) => option.defaultSelected)?.value ?? select.value;
  place.addEventListener("change", (event) => {
    const select = event.target;
    if (!(select instanceof HTMLSelectElement)) return;
    for (const each of select.form?.querySelectorAll("select") ?? []) {
      if (each === select || each.value !== select.value) continue;
      each.value = was(select);
      before.set(each, each.value);
    }
    before.set(select, select.value);
  });
  place.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const { run = "", other = "" } = form.dataset;
    const places = new FormData(form).getAll("pair").join("-");
    const kept = (new URL(location.href).searchParams.get("pairing") ?? "").split(",").filter((each) => each && ![`${run}:${other}:`, `${other}:${run}:`].some((pair) => each.trim().startsWith(pair)));
    chosen([`${run}:${other}:${places}`, ...kept].join(","));
  });
}
