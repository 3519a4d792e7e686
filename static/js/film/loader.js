/** A queue of work for the network: what is looked at goes first, and the stream of hints always finds a connection. */

const AT_ONCE = 4;

export class Loader {
  constructor() {
    /** @type {(() => Promise<unknown>)[]} */
    this.now = [];
    /** @type {(() => Promise<unknown>)[]} */
    this.later = [];
    this.busy = 0;
  }

  /** @param {() => Promise<unknown>} job @param {boolean} urgent */
  add(job, urgent) {
    (urgent ? this.now : this.later).push(job);
    this.turn();
  }

  /** Forget what nobody has begun. */
  clear() {
    this.now = [];
    this.later = [];
  }

  async turn() {
    if (this.busy >= AT_ONCE) return;
    const job = this.now.shift() ?? this.later.shift();
    if (!job) return;
    this.busy++;
    try {
      await job();
    } finally {
      this.busy--;
      this.turn();
    }
  }
}
