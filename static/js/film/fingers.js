/** What pointers do on a stage: one drags, two pinch, one that stays where it was set down taps, and a mouse hovers. */

/** @typedef {{clientX: number, clientY: number}} Point */
/** @typedef {{drag: (across: number, down: number) => void, pinch: (factor: number, about: Point) => void, tap: (at: Point) => void, hover: (at: Point) => void}} Does */

// Pixels that a finger may slip and still be said to have stayed.
const SLIP = 6;

/** @param {Point} a @param {Point} b */
const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);

/** @param {HTMLElement} stage with `touch-action: none` @param {Does} does */
export function fingers(stage, does) {
  /** @type {Map<number, Point>} */
  const down = new Map();
  /** @type {Point | null} */
  let still = null;
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    still = down.size ? null : event;
    down.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => {
    const { pointerId, type } = /** @type {PointerEvent} */ (event);
    if (!down.delete(pointerId)) return;
    if (still && type === "pointerup") does.tap(still);
    still = null;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return does.hover(event);
    if (still && apart(still, event) > SLIP) still = null;
    down.set(event.pointerId, event);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    const [across, fallen] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!other) return does.drag(across, fallen);
    // The middle of two goes half as far as the one that moves.
    does.drag(across / 2, fallen / 2);
    does.pinch(apart(before, other) / Math.max(1, apart(event, other)), { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
  });
}
