/** What the atlas asks of the server: pictures of viewports, exact values, single units. */
import { at } from "../address.js";

/**
 * A mask of a run, and how its matrix is shown.
 * @typedef {Uint8Array | Int32Array | Float32Array | Float64Array} Numbers
 * @typedef {{run: string, replicate: string, level: string, control?: string, draw?: string}} Ticket
 * @typedef {{layer: string, color: string, rows: string, columns: string, other: string, order_of: string, pairing: string}} Look
 * @typedef {{layer: string | null, by: string | null, reason: string | null, name: string, seq: number, last_level: number, replicates: number}} Partner
 * @typedef {{top: number, bottom: number, left: number, right: number}} View
 * @typedef {{kind: string, title: string, low: number, high: number, one_of_many: string, colors: Record<string, string[]>, paper: Record<string, string>}} Legend
 * @typedef {View & {high: number, wide: number, kept: number, legend: Legend, source: string}} Tile
 * @typedef {{rows: Numbers, columns: Numbers, kept: Numbers, death: Numbers, start: Numbers, end: Numbers, replicates: Numbers}} Cells
 * @typedef {{unit: number, in_degree: number, out_degree: number | null, readers: string[], reason: string | null, assumed_chain: boolean, picture: number[] | null, assumed: boolean, kept: Numbers, start: Numbers, end: Numbers, reached: {layer: string, paths: number[]}[]}} Unit
 */

/** @type {Record<string, new (buffer: ArrayBuffer) => Numbers>} */
const TYPES = { u1: Uint8Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** The ticket of an address such as `06f3k2m9qa:0:5:shuffled:1`. @param {string} address @returns {Ticket} */
export function ticketOf(address) {
  const [run, replicate, level, control, draw] = address.split(":");
  return { run, replicate, level, ...(control ? { control, draw } : {}) };
}

/** @param {Ticket} ticket @param {Record<string, unknown>} more */
function query(ticket, more) {
  const { run, ...place } = ticket;
  return new URLSearchParams(/** @type {Record<string, string>} */ ({ ...place, ...more }));
}

/** @param {Ticket} ticket @param {string} layer */
const layerPath = (ticket, layer) => at(`/api/v1/runs/${ticket.run}/masks/${encodeURIComponent(layer)}`);

/** @param {string} address @param {AbortSignal} [signal] */
async function ask(address, signal) {
  const answer = await fetch(address, { signal });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
  throw new Error(problem.detail);
}

/** @param {Ticket} ticket @param {Look} look @param {View} view @param {{width: number, height: number, theme: string, v: string}} screen */
export function tileAddress(ticket, look, view, screen) {
  const { layer, ...chosen } = look;
  return `${layerPath(ticket, layer)}/tile?${query(ticket, { ...chosen, ...view, ...screen })}`;
}

/**
 * Whether two addresses of pictures differ in nothing but the size.
 * @param {string} one @param {string} other
 */
export function sameButSize(one, other) {
  const [a, b] = [one, other].map((address) => {
    const { pathname, searchParams } = new URL(address, location.href);
    for (const name of ["width", "height"]) searchParams.delete(name);
    searchParams.sort();
    return `${pathname}?${searchParams}`;
  });
  return a === b;
}

/**
 * The picture of a viewport as a data address, decoded, so that showing it does not flash.
 * @param {string} address @param {AbortSignal} signal
 * @returns {Promise<Tile>}
 */
export async function tile(address, signal) {
  const answer = await ask(address, signal);
  const told = JSON.parse(answer.headers.get("X-Tile") ?? "{}");
  const blob = await answer.blob();
  const source = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(/** @type {string} */ (reader.result));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  return { ...told, source };
}

/**
 * Which layer of another ticket stands for this one.
 * @param {Ticket} ticket @param {string} layer @param {string} other its address @param {string} pairing
 * @returns {Promise<Partner>}
 */
export async function partnerOf(ticket, layer, other, pairing) {
  return (await ask(`${layerPath(ticket, layer)}/partner?${new URLSearchParams({ other, pairing })}`)).json();
}

/** @param {Ticket} ticket @param {string} layer */
export const legendAddress = (ticket, layer) => `${layerPath(ticket, layer)}/legend?${query(ticket, {})}`;

/** @param {Ticket} ticket @param {Look} look @param {View} view */
export function csvAddress(ticket, look, view) {
  return `${layerPath(ticket, look.layer)}/values?${query(ticket, { ...view, rows: look.rows, columns: look.columns, order_of: look.order_of, pairing: look.pairing, format: "csv" })}`;
}

/**
 * Exact values of the weights of a viewport.
 * @param {Ticket} ticket @param {Look} look @param {View} view @param {AbortSignal} signal
 * @returns {Promise<Cells>}
 */
export async function cells(ticket, look, view, signal) {
  const address = `${layerPath(ticket, look.layer)}/values?${query(ticket, { ...view, rows: look.rows, columns: look.columns, order_of: look.order_of, pairing: look.pairing, format: "json" })}`;
  return decoded(await (await ask(address, signal)).json());
}

/** @param {Ticket} ticket @param {string} layer @param {number} number @returns {Promise<Unit>} */
export async function unit(ticket, layer, number) {
  return decoded(await (await ask(`${layerPath(ticket, layer)}/units/${number}?${query(ticket, {})}`)).json());
}

/** Arrays that came as base64. @param {any} answer @returns {any} */
function decoded(answer) {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, value?.bdata === undefined ? value : numbers(value)]));
}

/** @param {{dtype: string, bdata: string}} typed */
function numbers({ dtype, bdata }) {
  return new TYPES[dtype](Uint8Array.from(atob(bdata), (letter) => letter.charCodeAt(0)).buffer);
}
