/** How figures leave for a paper: one choice for all of them, kept in this browser. */

/** @typedef {{mm: number, caption: boolean, dark: boolean, bom: boolean}} Look */

const KEY = "export";
/** @type {Look} */
const DEFAULT = { mm: 178, caption: false, dark: false, bom: false };

/** @returns {Look} */
export function look() {
  try {
    return { ...DEFAULT, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return DEFAULT;
  }
}

/**
 * Let the options in a card show what is chosen, and choose.
 * @param {HTMLElement} place
 * @param {() => void} changed
 */
export function options(place, changed) {
  const input = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (place.querySelector(`[name="${name}"]`));
  const columns = /** @type {HTMLSelectElement} */ (place.querySelector('[name="export_columns"]'));
  const mm = input("export_mm");
  const show = () => {
    const { mm: wide, caption, dark, bom } = look();
    mm.value = String(wide);
    columns.value = [...columns.options].some((option) => option.value === String(wide)) ? String(wide) : "";
    [input("export_caption").checked, input("export_dark").checked, input("export_bom").checked] = [caption, dark, bom];
    changed();
  };
  place.addEventListener("toggle", show);
  place.addEventListener("input", (event) => {
    event.stopPropagation();
    if (event.target === columns && columns.value) mm.value = columns.value;
    if (!mm.checkValidity()) return;
    const chosen = { mm: Number(mm.value), caption: input("export_caption").checked, dark: input("export_dark").checked, bom: input("export_bom").checked };
    localStorage.setItem(KEY, JSON.stringify(chosen));
    columns.value = [...columns.options].some((option) => option.value === mm.value) ? mm.value : "";
    changed();
  });
}
