/**
 * One stream of hints per page. It is closed while the tab is hidden: six open streams freeze a browser's origin.
 * @typedef {{run: string, seq: number, state: string, progress: {done: number, total: number, eta_s: number | null, note: string}, touched: string[]}} Hint
 */
import { at } from "./address.js";

/**
 * Follow runs for as long as the page is looked at.
 * @param {string[]} runs ids, or none for all
 * @param {(hint: Hint) => void} onHint
 * @param {() => void} onReturn called when the page is looked at again: anything may have changed
 */
export function follow(runs, onHint, onReturn) {
  /** @type {EventSource | null} */
  let source = null;
  const offline = document.getElementById("offline");
  let lost = false;
  let silence = 0;
  const open = () => {
    if (source) return;
    const made = (source = new EventSource(at(runs.length ? `/live?runs=${runs.join(",")}` : "/live")));
    made.onmessage = (message) => onHint(JSON.parse(message.data));
    made.onopen = () => {
      clearTimeout(silence);
      if (offline) offline.hidden = true;
      if (lost) onReturn(); // nothing is replayed
      lost = false;
    };
    made.onerror = () => {
      if (!lost) silence = setTimeout(() => { if (offline) offline.hidden = false; }, 3000);
      lost = true;
      // A browser tries again by itself after a cut, but not after an answer that is no stream.
      if (made.readyState === EventSource.CLOSED) {
        close();
        setTimeout(() => { if (!document.hidden) open(); }, 3000);
      }
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const turn = () => {
    if (document.hidden) return close();
    if (source) return;
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
