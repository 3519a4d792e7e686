/** Which frame of each training stands at one position of the slider: by step, by loss reached or by distance moved. */

/** @typedef {import("./server.js").Cell} Cell */
/** @typedef {{index: number, reached: boolean, diverged: boolean}} Standing */

const STOPS = 48;

/**
 * What the slider stops at, in the order of the film: steps, falling losses or rising movements.
 * @param {Cell[]} cells @param {string} align @param {number[]} moments @returns {number[]}
 */
export function positions(cells, align, moments) {
  if (align === "step") return moments;
  // A training that diverges may end anywhere: the others set the range.
  const calm = cells.filter((cell) => cell.diverged_step === null && cell.frames.length);
  const some = calm.length ? calm : cells;
  if (align === "loss") {
    const losses = numbers(some.flatMap((cell) => cell.frames.map((frame) => frame.loss)));
    const first = numbers(some.map((cell) => cell.frames[0]?.loss ?? null));
    return losses.length ? spaced(Math.max(...first, Math.min(...losses)), Math.min(...losses)) : [];
  }
  const moved = numbers(some.flatMap((cell) => cell.frames.map((frame) => frame.movement)));
  return moved.length ? [0, ...spaced(Math.min(...moved), Math.max(...moved))] : [];
}

/**
 * The frame of a training at a position. One that never gets there stands at its last frame, not `reached`; one that has
 * diverged by then has none: `diverged`.
 * @param {Cell} cell @param {string} align @param {number} value @returns {Standing}
 */
export function standing(cell, align, value) {
  const last = cell.frames.length - 1;
  if (align === "step") {
    if (cell.diverged_step !== null && value >= cell.diverged_step) return { index: -1, reached: false, diverged: true };
    const after = cell.frames.findIndex((frame) => frame.step > value);
    return { index: after < 0 ? last : after - 1, reached: true, diverged: false };
  }
  const near = align === "loss" ? value * (1 + 1e-9) : value * (1 - 1e-9);
  const index = cell.frames.findIndex((frame) => (align === "loss" ? frame.loss !== null && frame.loss <= near : frame.movement !== null && frame.movement >= near));
  if (index >= 0) return { index, reached: true, diverged: false };
  if (cell.diverged_step !== null) return { index: -1, reached: false, diverged: true };
  return { index: last, reached: false, diverged: false };
}

/** The position nearest to a value, on the scale on which positions are spaced. @param {number[]} stops @param {number} value */
export function nearest(stops, value) {
  const far = (/** @type {number} */ stop) => Math.abs(Math.log(Math.max(stop, 1e-12)) - Math.log(Math.max(value, 1e-12)));
  return stops.reduce((best, stop, i) => (far(stop) < far(stops[best]) ? i : best), 0);
}

/** @param {(number | null)[]} values @returns {number[]} those above 0 */
const numbers = (values) => values.flatMap((value) => (value !== null && value > 0 ? [value] : []));

/** Evenly spaced on a logarithmic scale, both ends exact. @param {number} from @param {number} to */
function spaced(from, to) {
  if (from === to) return [from];
  return Array.from({ length: STOPS }, (_, i) => (i === 0 ? from : i === STOPS - 1 ? to : from * (to / from) ** (i / (STOPS - 1))));
}
