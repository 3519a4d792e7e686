/** The colour bar: the stops of a scale from its negative end to its positive one, with a mark at 0. */

/** @param {HTMLCanvasElement} canvas @param {string[]} colors */
export function ramp(canvas, colors) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { width, height } = canvas;
  const fill = context.createLinearGradient(0, 0, width, 0);
  colors.forEach((color, i) => fill.addColorStop(i / (colors.length - 1), color));
  context.fillStyle = fill;
  context.fillRect(0, 0, width, height);
}
