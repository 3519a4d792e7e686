/** How numbers of any size are written: as the server writes them in sentences. */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * A value in `digits` significant digits with all of its whole ones, without trailing zeros unless `whole`; × 10ⁿ from 100,000
 * on and below 0.0001.
 * @param {number} value
 */
export function significant(value, digits = 3, whole = false) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  const plain = (/** @type {string} */ text) => (whole ? text : `${Number(text)}`).replace("-", "−");
  if (value === 0 || (power >= -4 && power < 5)) return plain(value.toFixed(Math.max(0, digits - 1 - power)));
  const raised = [...`${Math.abs(power)}`].map((digit) => RAISED[Number(digit)]).join("");
  return `${plain(mantissa)} × 10${power < 0 ? "⁻" : ""}${raised}`;
}
