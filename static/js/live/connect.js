/** A window's way to the stream of hints: the one that all windows share, else one of its own. */
import { at } from "../address.js";
import { HintStream } from "./stream.js";

/**
 * Send hints about `runs` (none: all) to a reader until the function that is returned is called.
 * @param {string[]} runs
 * @param {import("./stream.js").Reader} reader
 * @returns {() => void}
 */
export function connect(runs, reader) {
  if (typeof SharedWorker === "undefined") return own(runs, reader);
  const worker = new SharedWorker(new URL("./shared.js", import.meta.url), { type: "module", name: "live" });
  let close = () => worker.port.postMessage({ runs: null });
  worker.onerror = () => { close = own(runs, reader); };
  worker.port.onmessage = ({ data }) => {
    if (data.there) worker.port.postMessage({ here: true });
    else if (data.hint) reader.hint(data.hint);
    else if (data.open) reader.open();
    else reader.lost();
  };
  worker.port.postMessage({ runs, root: at("") });
  return () => close();
}

/** @param {string[]} runs @param {import("./stream.js").Reader} reader */
function own(runs, reader) {
  const stream = new HintStream(at(""), runs.length === 0);
  stream.add(reader, runs);
  return () => stream.remove(reader);
}
