/** Turns the slider by itself, at most so many frames a second, and never past a frame that has not come yet. */

const PATIENCE_MS = 2000;

export class Player {
  /** @param {{ready: () => boolean, next: () => boolean, stopped: () => void}} film `next` says whether there was one */
  constructor(film) {
    this.film = film;
    this.playing = false;
    this.rate = 4;
    this.due = 0;
  }

  toggle() {
    if (this.playing) return this.stop();
    this.playing = true;
    this.due = performance.now() + 1000 / this.rate;
    requestAnimationFrame((now) => this.turn(now));
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.film.stopped();
  }

  /** @param {number} now */
  turn(now) {
    if (!this.playing) return;
    // Half a screen frame early is nearer than half a one late.
    if (now >= this.due - 8 && (this.film.ready() || now > this.due + PATIENCE_MS)) {
      if (!this.film.next()) return this.stop();
      this.due = Math.max(this.due + 1000 / this.rate, now + 500 / this.rate);
    }
    requestAnimationFrame((next) => this.turn(next));
  }
}
