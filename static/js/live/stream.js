/** One stream of hints from the server for any number of readers. */

/**
 * @typedef {{run: string, seq: number, state: string, progress: {done: number, total: number, eta_s: number | null, note: string}, touched: string[]}} Hint
 * @typedef {{hint: (hint: Hint) => void, open: () => void, lost: () => void}} Reader
 */

const RETRY_MS = 3000;

export class HintStream {
  /** @param {string} root the sub-path of the server @param {boolean} all whether readers follow all runs */
  constructor(root, all) {
    this.root = root;
    this.all = all;
    /** @type {Map<Reader, string[]>} */
    this.readers = new Map();
    /** @type {EventSource | null} */
    this.source = null;
    /** Streams to close as soon as the one that replaces them is open, so that no hint is missed. @type {EventSource[]} */
    this.replaced = [];
  }

  /** Begin to send hints about `runs` to a reader, first where these runs are now. @param {Reader} reader @param {string[]} runs */
  add(reader, runs) {
    this.readers.set(reader, runs);
    this.open();
  }

  /** @param {Reader} reader */
  remove(reader) {
    this.readers.delete(reader);
    if (this.readers.size) return;
    this.closeReplaced();
    this.source?.close();
    this.source = null;
  }

  open() {
    const runs = [...new Set([...this.readers.values()].flat())];
    // One that is not open yet has told nobody anything, and would hold one of a browser's six connections.
    if (this.source?.readyState === EventSource.OPEN) this.replaced.push(this.source);
    else this.source?.close();
    const source = (this.source = new EventSource(`${this.root}/live${this.all ? "" : `?runs=${runs.join(",")}`}`));
    source.onmessage = (message) => {
      const hint = JSON.parse(message.data);
      for (const [reader, runs] of this.readers) if (this.all || runs.includes(hint.run)) reader.hint(hint);
    };
    source.onopen = () => {
      if (source !== this.source) return;
      this.closeReplaced();
      for (const reader of this.readers.keys()) reader.open();
    };
    source.onerror = () => {
      if (source !== this.source) return;
      for (const reader of this.readers.keys()) reader.lost();
      // A browser tries again by itself after a cut, but not after an answer that is not a stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (source === this.source) this.open(); }, RETRY_MS);
    };
  }

  closeReplaced() {
    for (const source of this.replaced.splice(0)) source.close();
  }
}
