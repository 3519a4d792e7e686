/** What a reader does to a matrix with wheel, keyboard and pointer. */

/**
 * Have a matrix follow wheel, keyboard and pointer.
 * @param {import("./matrix.js").Matrix} matrix
 */
export function bind(matrix) {
  matrix.place.addEventListener("wheel", (event) => {
    const at = matrix.at(event);
    // The wheel scrolls the page until the reader has turned to the matrix.
    if (!at || !(event.ctrlKey || event.metaKey || matrix.place.contains(document.activeElement))) return;
    event.preventDefault();
    matrix.zoom(Math.min(2, Math.max(0.5, Math.exp(event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)))), at.x, at.y);
  }, { passive: false });
  matrix.place.addEventListener("keydown", (event) => key(matrix, event));
  new ResizeObserver(() => {
    const layout = /** @type {any} */ (matrix.place).layout;
    const { width, height } = matrix.place.getBoundingClientRect();
    if (layout && width && (Math.abs(layout.width - width) > 1 || Math.abs(layout.height - height) > 1)) matrix.fetch();
  }).observe(matrix.place);
  /** @type {AbortController | null} */
  let reading = null;
  let pressed = { x: 0, y: 0 };
  const read = async (/** @type {{row: number, column: number}} */ at) => {
    reading?.abort();
    const mine = (reading = new AbortController());
    await new Promise((done) => setTimeout(done, 40));
    if (mine.signal.aborted) return null;
    return matrix.weight(at.row, at.column, mine.signal).catch(() => null);
  };
  matrix.place.addEventListener("pointermove", async (event) => {
    const at = matrix.at(event);
    if (!at || matrix.cells || event.buttons) return;
    const weight = await read(at);
    if (weight) matrix.listener.told(matrix.say(weight));
  });
  matrix.place.addEventListener("pointerdown", (event) => {
    pressed = { x: event.clientX, y: event.clientY };
    matrix.place.focus({ preventScroll: true });
  }, { capture: true });
  matrix.place.addEventListener("dblclick", (event) => {
    const at = matrix.at(event);
    if (at) matrix.zoom(0.4, at.x, at.y);
  });
  matrix.place.addEventListener("pointerup", async (event) => {
    const at = matrix.at(event);
    if (!at || matrix.cells || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 4) return;
    const weight = await read(at);
    if (weight) matrix.listener.picked(weight.unit);
  }, { capture: true });
}

/** @param {import("./matrix.js").Matrix} matrix @param {KeyboardEvent} event */
async function key(matrix, event) {
  if (event.target !== matrix.place || event.ctrlKey || event.metaKey || event.altKey) return;
  const { top, bottom, left, right } = matrix.view;
  /** @type {Record<string, () => unknown>} */
  const keys = {
    ArrowLeft: () => matrix.pan(0, -0.125), ArrowRight: () => matrix.pan(0, 0.125), ArrowUp: () => matrix.pan(-0.125, 0), ArrowDown: () => matrix.pan(0.125, 0),
    "+": () => matrix.zoom(0.7), "=": () => matrix.zoom(0.7), "-": () => matrix.zoom(1 / 0.7), 0: () => matrix.go(matrix.whole),
    Enter: async () => {
      const weight = await matrix.weight(Math.floor((top + bottom) / 2), Math.floor((left + right) / 2), new AbortController().signal);
      if (weight) { matrix.listener.told(matrix.say(weight)); matrix.listener.picked(weight.unit); }
    },
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  await keys[event.key]();
}
