/** Plotly, loaded when the first figure is about to be seen, and once. */

/**
 * @typedef {HTMLElement & {on: (event: string, act: (change: any) => void) => void, layout?: any}} PlotElement
 * @typedef {{
 *   react: (place: HTMLElement, data: any[], layout: any, config: any) => Promise<PlotElement>,
 *   relayout: (place: HTMLElement, change: any) => Promise<unknown>,
 *   purge: (place: HTMLElement) => void,
 *   toImage: (figure: any, options: any) => Promise<string>,
 *   Plots: {resize: (place: HTMLElement) => Promise<unknown>},
 * }} Plotly
 */

/** @type {Promise<Plotly> | null} */
let loading = null;

/** @returns {Promise<Plotly>} */
export function plotly() {
  loading ??= new Promise((done, fail) => {
    const there = () => /** @type {any} */ (window).Plotly;
    if (there()) return done(there());
    // Pages preload it, but run it here: a quarter of a second of it would hold up what is asked of the server first.
    const script = document.createElement("script");
    script.addEventListener("load", () => done(there()));
    script.addEventListener("error", () => fail(new Error("The plotting library did not load.")));
    script.src = new URL("../vendor/plotly/plotly-cartesian.min.js", import.meta.url).href;
    document.head.append(script);
  });
  return loading;
}
