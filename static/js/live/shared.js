/** A worker that all windows share: two streams for all of them, as six would freeze a browser's origin. */
import { HintStream } from "./stream.js";

/** @type {Map<string, {all: HintStream, named: HintStream}>} */
const servers = new Map();

/** @type {any} */ (self).onconnect = (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  /** @type {HintStream | null} */
  let stream = null;
  const reader = {
    hint: (/** @type {import("./stream.js").Hint} */ hint) => port.postMessage({ hint }),
    open: () => port.postMessage({ open: true }),
    lost: () => port.postMessage({ lost: true }),
  };
  port.onmessage = ({ data }) => {
    stream?.remove(reader);
    stream = null;
    if (!data.runs) return;
    const root = data.root;
    const streams = servers.get(root) ?? { all: new HintStream(root, true), named: new HintStream(root, false) };
    servers.set(root, streams);
    stream = data.runs.length ? streams.named : streams.all;
    stream.add(reader, data.runs);
  };
  // The last message of a window that is closed may be lost.
  port.addEventListener("close", () => stream?.remove(reader));
};
