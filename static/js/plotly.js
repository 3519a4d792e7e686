/** Plotly, loaded when the first figure is about to be seen, and once. */

/**
 * @typedef {HTMLElement & {on: (event: string, act: (change: any) => void) => void, layout?: any}} PlotElement
 * @typedef {{
 *   react: (place: HTMLElement, data: any[], layout: any, config: any) => Promise<PlotElement>,
 *   relayout: (place: HTMLElement, change: any) => Promise<unknown>,
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
    // A page whose first picture is a plot begins to load it by itself.
    const own = /** @type {HTMLScriptElement | null} */ (document.getElementById("plotly-library"));
    const script = own ?? document.createElement("script");
    script.addEventListener("load", () => done(there()));
    script.addEventListener("error", () => fail(new Error("The plotting library did not load.")));
    if (own) return;
    script.src = new URL("../vendor/plotly/plotly-cartesian.min.js", import.meta.url).href;
    document.head.append(script);
  });
  return loading;
}
