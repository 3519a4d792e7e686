/** What the film wall says: numbers and places of frames in words. */

import { significant } from "../numbers.js";

/** @typedef {import("./server.js").Cell} Cell */
/** @typedef {import("./server.js").Frame} Frame */
/** @typedef {import("./alignment.js").Standing} Standing */

/** @param {number} value @param {number} [digits] */
export const short = (value, digits = 3) => significant(value, digits);

/** @param {number} value */
export const whole = (value) => value.toLocaleString("en-US");

/** @param {Cell} cell */
export const title = (cell) => `${cell.label}, lr ${short(cell.lr)}${cell.image === "picture" ? "" : ", twin without the picture"}`;

/**
 * The words under a picture, and those in place of it.
 * @param {Cell} cell @param {Standing} at @param {boolean} twoLevel @param {string} align
 */
export function caption(cell, at, twoLevel, align) {
  const frame = cell.frames[at.index];
  const over = at.diverged ? `diverged at step ${whole(cell.diverged_step ?? 0)}` : !frame ? (cell.state === "stopped" ? "never trained" : "waiting") : "";
  if (over || !frame) return { over, note: "", step: "", accuracy: "", measure: "", seen: "", fate: "" };
  const isLast = at.index === cell.frames.length - 1;
  const note = align !== "step" && !at.reached ? "not reached" : isLast && cell.state === "running" ? "live" : isLast && cell.state === "stopped" ? "stopped" : "";
  const measured = frame.visibility !== null && cell.image === "picture";
  return {
    over: "", note, step: `step ${whole(frame.step)}`, accuracy: frame.test_accuracy === null ? "" : `${(100 * frame.test_accuracy).toFixed(1)} %`,
    measure: measured ? (twoLevel ? "AUC " : "ρ ") : "", seen: measured ? (frame.visibility ?? 0).toFixed(2).replace("-", "−") : "",
    fate: cell.image === "picture" ? (frame.fate ?? "") : "",
  };
}

/** The same for who cannot see it. @param {Cell} cell @param {ReturnType<typeof caption>} said */
export function spoken(cell, said) {
  const parts = said.over ? [said.over] : [said.step, said.note, said.accuracy && `test accuracy ${said.accuracy}`, said.seen && `${said.measure}${said.seen}: picture ${said.fate}`];
  return `${title(cell)}: ${parts.filter(Boolean).join(", ")}`;
}

/** What a position of the slider means. @param {string} align @param {number | undefined} value @param {boolean} atEnd */
export function meaning(align, value, atEnd) {
  if (value === undefined) return "No measurements yet: every film starts with its first frame.";
  if (align === "loss") return `Aligned by loss: each training at its first frame with a training loss of at most ${short(value)}; one that never reaches it stays at its last frame, “not reached”.`;
  if (align === "movement") return `Aligned by movement: each training at its first frame with ‖ΔW‖ of at least ${short(value)} ‖W₀‖; one that never reaches it stays at its last frame, “not reached”.`;
  return atEnd ? "Aligned by step: each training at its newest frame. Frames are dense at first, four per decade of steps." : `Aligned by step: each training at its last frame up to step ${whole(value)}.`;
}

/** The position itself. @param {string} align @param {number | undefined} value @param {number} total */
export function position(align, value, total) {
  if (value === undefined) return "";
  if (align === "loss") return `loss ≤ ${short(value)}`;
  if (align === "movement") return `‖ΔW‖ ≥ ${short(value)} ‖W₀‖`;
  return `step ${whole(value)} of ${whole(total)}`;
}

/** What the colours and the numbers mean. @param {string} show @param {string} scale @param {number} rows @param {number} columns @param {number} size @param {boolean} twoLevel */
export function legend(show, scale, rows, columns, size, twoLevel) {
  const what = show === "weights" ? "W" : "ΔW = W − W₀";
  const range = scale === "fixed" ? "one scale for all frames and trainings; it ends at the 99.5th percentile of |W₀|" : `each frame has its own scale, which ends at the 99.5th percentile of its |${show === "weights" ? "W" : "ΔW"}|: see ± below it`;
  const [high, wide] = [Math.ceil(rows / size), Math.ceil(columns / size)];
  const pooled = high * wide > 1 ? ` A pixel represents ${high}×${wide} entries and shows the entry of largest magnitude.` : " Each pixel is one entry.";
  return `Colour: ${what}, ${range}.${pooled} ${whole(rows)} × ${whole(columns)} entries. Under each: step, test accuracy, ${twoLevel ? "AUC of ink against background (1: clearly visible, 0.5: erased)" : "rank correlation with the picture (0: no trace left)"}.`;
}
