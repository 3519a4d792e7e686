/** A weight in words. */
import { significant } from "../numbers.js";

/**
 * @typedef {{unit: number, column: number, kept: number, death: number, start: number, end: number, replicates: number}} Weight
 */

/**
 * Everything that is known of one weight, in pieces; `kernel` is how many columns an input channel has, `wide` the width
 * of a kernel.
 * @param {Weight} weight @param {{kernel: number, wide: number, level: number, last: number, many: number}} layer
 * @returns {string[]}
 */
export function describe(weight, { kernel, wide, level, last, many }) {
  const place = weight.column % kernel;
  const input = kernel > 1 ? `input channel ${Math.floor(weight.column / kernel)}, kernel row ${Math.floor(place / wide)}, column ${place % wide}` : `input ${weight.column}`;
  const died = weight.death > last ? `never pruned up to level ${last}` : weight.death <= 0 ? "pruned from the start" : `pruned at level ${weight.death}`;
  const parts = [`unit ${weight.unit}, ${input}`, weight.kept ? `kept at level ${level}, ${died}` : `pruned, first at level ${weight.death}`];
  if (many > 1) parts.push(`${weight.replicates} of ${many} replicates keep it`);
  if (!Number.isNaN(weight.start)) parts.push(`initial ${signed(weight.start)}`);
  if (!Number.isNaN(weight.end)) parts.push(`trained ${signed(weight.end)}`);
  if (!Number.isNaN(weight.start) && !Number.isNaN(weight.end)) {
    parts.push(`moved ${signed(weight.end - weight.start)}`, weight.start * weight.end < 0 ? "sign flipped" : "sign kept");
  }
  return parts;
}

/** A value with its sign, in `digits` significant digits. @param {number} value */
export function signed(value, digits = 6) {
  return `${value < 0 ? "−" : "+"}${significant(Math.abs(value), digits, true)}`;
}
