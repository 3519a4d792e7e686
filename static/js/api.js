/** Reading figures: each is kept with its entity tag, so that an unchanged one costs a few bytes. */
import { at } from "./address.js";

/**
 * @typedef {{text: string, role?: string}} Part
 * @typedef {{title: string, finding: Part[], foot: string, n: number, blank?: boolean}} Meta
 * @typedef {{data: any[], layout: any & {meta: Meta}}} Figure
 */

/** What cannot be drawn with these options; the message is a sentence for the reader. */
export class Refused extends Error {}

/** `tags` name the traces of a figure of several runs: those that stay the same are not sent again. @type {Map<string, {etag: string, figure: Figure, tags: string[]}>} */
const kept = new Map();

/**
 * A figure as the server has it now. Throws an Error whose message can be shown.
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<Figure>}
 */
export async function figure(address, signal) {
  const old = kept.get(address);
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...(old ? { "If-None-Match": old.etag } : {}) };
  if (address.includes("/api/v1/compare/")) headers["X-Traces"] = old?.tags.join(" ") ?? "";
  const answer = await fetch(address, { headers, signal, cache: "no-store" });
  if (answer.status === 304 && old) return structuredClone(old.figure);
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
    if (answer.status === 422) throw new Refused(problem.errors?.[0]?.message ?? problem.detail);
    throw new Error(problem.detail);
  }
  const { tags = [], ...made } = await answer.json();
  made.data = made.data.map((/** @type {any} */ trace) => (trace.same ? old?.figure.data[old.tags.indexOf(trace.same)] : trace));
  for (const image of made.layout.images ?? []) if (image.source.startsWith("/")) image.source = at(image.source);
  if (kept.size > 60) kept.clear();
  kept.set(address, { etag: answer.headers.get("ETag") ?? "", figure: made, tags });
  return structuredClone(made);
}
