/** Colours of the theme in use, read from the style sheet: there is no second palette here. */

/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Be told when the theme has changed, by the switch or by the system.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  listeners.add(listener);
}

/** Tell everybody that the theme has changed. */
export function announceTheme() {
  for (const listener of listeners) listener();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceTheme);

/** The scheme that colours are read in; empty for the page's own. */
let scheme = "";

/**
 * Do what reads colours in one scheme, whichever the page is in.
 * @param {"light" | "dark"} which @param {() => void} work which must not wait for anything
 */
export function inScheme(which, work) {
  scheme = which;
  try {
    work();
  } finally {
    scheme = "";
  }
}

/** The scheme that is asked for, empty for the page's own. */
export const asked = () => scheme;

/**
 * The colour that a variable of palette.css stands for now, as `rgb(r, g, b)`.
 * @param {string} name without the two dashes
 * @returns {string}
 */
export function color(name) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.colorScheme = scheme;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/**
 * The same colour with an opacity.
 * @param {string} rgb
 * @param {number} alpha
 * @returns {string}
 */
export function translucent(rgb, alpha) {
  return rgb.replace(/^rgb\((.*)\)$/, (_, parts) => `rgba(${parts}, ${alpha})`);
}
