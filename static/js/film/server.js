/** What the film wall asks of the server: the trainings and their frames, pictures of frames, exact values. */
import { at } from "../address.js";

/**
 * @typedef {{step: number, fate: string | null, loss: number | null, movement: number | null, visibility: number | null, test_accuracy: number | null}} Frame
 * @typedef {{width: number, image: string, optimizer: string, lr: number, label: string, total_steps: number, state: string, diverged_step: number | null, frames: Frame[]}} Cell
 * @typedef {{width: number, rows: number, columns: number, reach: number | null}} Width
 * @typedef {{seq: number, replicate: number, moments: number[], two_level: boolean, widths: Width[], colors: Record<string, string[]>, cells: Cell[]}} Film
 * @typedef {{replicate: string, width: number, image: string, optimizer: string, lr: number}} Training
 * @typedef {{show: string, scale: string, size: number, theme: string}} Look
 * @typedef {{bitmap: ImageBitmap, reach: number, bytes: number}} Picture
 * @typedef {{top: number, left: number, rows: number, columns: number, resolution: number, initial: number[], weight: number[], movement: number[]}} Values
 */

/** The last answer for each address. @type {Map<string, {etag: string, film: Film}>} */
const last = new Map();

/** @param {string} run @param {Record<string, unknown>} query @param {string} [part] */
const address = (run, query, part = "") => at(`/api/v1/runs/${run}/film${part}?${new URLSearchParams(/** @type {Record<string, string>} */ (query))}`);

/** @param {string} to @param {RequestInit} [options] */
async function ask(to, options) {
  const answer = await fetch(to, options);
  if (answer.ok || answer.status === 304) return answer;
  const problem = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
  throw new Error(problem.detail);
}

/** Every training of a replicate; an unchanged answer costs a few bytes. @param {string} run @param {string} replicate @returns {Promise<Film>} */
export async function film(run, replicate) {
  const to = address(run, { replicate });
  const before = last.get(to);
  const headers = before ? { "If-None-Match": before.etag } : undefined;
  const answer = await ask(to, { headers, cache: "no-store" });
  if (answer.status === 304 && before) return before.film;
  /** @type {Film} */
  const made = await answer.json();
  last.set(to, { etag: answer.headers.get("ETag") ?? "", film: made });
  return made;
}

/** A frame, decoded. @param {string} run @param {Training} training @param {number} step @param {Look} look @param {AbortSignal} signal @returns {Promise<Picture>} */
export async function picture(run, training, step, look, signal) {
  const answer = await ask(address(run, { ...training, step, ...look }, "/frame"), { signal });
  const blob = await answer.blob();
  const { reach } = JSON.parse(answer.headers.get("X-Frame") ?? "{}");
  return { bitmap: await createImageBitmap(blob), reach, bytes: blob.size };
}

/** @param {string} run @param {Training} training @param {number} step @param {{top: number, bottom: number, left: number, right: number}} part @param {AbortSignal} signal @returns {Promise<Values>} */
export async function values(run, training, step, part, signal) {
  return (await ask(address(run, { ...training, step, ...part }, "/values"), { signal })).json();
}

/** @param {string} run @param {Training} training @param {{show: string, scale: string, theme: string}} look @param {string} format */
export const exportAddress = (run, training, look, format) => address(run, { ...training, ...look, format }, "/export");
