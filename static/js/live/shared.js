/** A worker that all windows share: two streams for all of them, as six would freeze a browser's origin. */
import { HintStream } from "./stream.js";

/** @type {Map<string, {all: HintStream, named: HintStream}>} */
const servers = new Map();

// Whatever is told of a window's end may be lost with it: windows are asked whether they are still there.
const ASK_MS = 5000;

/** @type {any} */ (self).onconnect = (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  /** @type {{stream: HintStream, runs: string[]} | null} what the window follows */
  let followed = null;
  let unanswered = 0;
  const reader = {
    hint: (/** @type {import("./stream.js").Hint} */ hint) => port.postMessage({ hint }),
    open: () => port.postMessage({ open: true }),
    lost: () => port.postMessage({ lost: true }),
  };
  const leave = () => {
    followed?.stream.remove(reader);
    followed = null;
  };
  const asking = setInterval(() => {
    if (!followed) return;
    if (unanswered === 2) followed.stream.remove(reader);
    unanswered++;
    port.postMessage({ there: true });
  }, ASK_MS);
  port.onmessage = ({ data }) => {
    const away = unanswered > 2;
    unanswered = 0;
    if (data.here) {
      if (followed && away) followed.stream.add(reader, followed.runs); // it was only busy
      return;
    }
    leave();
    if (!data.runs) return;
    const root = data.root;
    const streams = servers.get(root) ?? { all: new HintStream(root, true), named: new HintStream(root, false) };
    servers.set(root, streams);
    followed = { stream: data.runs.length ? streams.named : streams.all, runs: data.runs };
    followed.stream.add(reader, followed.runs);
  };
  port.addEventListener("close", () => {
    clearInterval(asking);
    leave();
  });
};
