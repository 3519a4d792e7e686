/** Hints about runs for a page, for as long as it is looked at. */
import { connect } from "./live/connect.js";

/** @typedef {import("./live/stream.js").Hint} Hint */

/**
 * Follow runs for as long as the page is looked at.
 * @param {string[]} runs ids, or none for all
 * @param {(hint: Hint) => void} onHint
 * @param {() => void} onReturn called when the page is looked at again: anything may have changed
 */
export function follow(runs, onHint, onReturn) {
  /** @type {(() => void) | null} */
  let disconnect = null;
  const offline = document.getElementById("offline");
  let lost = false;
  let silence = 0;
  const reader = {
    hint: onHint,
    open: () => {
      clearTimeout(silence);
      if (offline) offline.hidden = true;
      if (lost) onReturn(); // nothing is replayed
      lost = false;
    },
    lost: () => {
      if (!lost) silence = setTimeout(() => { if (offline) offline.hidden = false; }, 3000);
      lost = true;
    },
  };
  const open = () => { disconnect ??= connect(runs, reader); };
  const close = () => {
    disconnect?.();
    disconnect = null;
  };
  const turn = () => {
    if (document.hidden) return close();
    if (disconnect) return;
    open();
    onReturn();
  };
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && turn());
  if (!document.hidden) open();
}

/**
 * A function that runs `work` at once, then at most every `wait` milliseconds, and never loses the last call.
 * @param {() => unknown} work a promise is waited for before the next run
 * @param {number} wait
 * @returns {() => void}
 */
export function paced(work, wait) {
  let busy = false;
  let again = false;
  return async function call() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      const started = performance.now();
      await work();
      await new Promise((done) => setTimeout(done, Math.max(0, wait - (performance.now() - started))));
    } while (again);
    busy = false;
  };
}
