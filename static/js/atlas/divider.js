/** A line between two pictures of one viewport: A to its left, B to its right; dragged, or moved by the arrow keys. */

export class Divider {
  /** @param {import("./matrix.js").Matrix} matrix */
  constructor(matrix) {
    this.matrix = matrix;
    this.share = 0.5;
    const handle = (this.handle = document.createElement("div"));
    handle.className = "divider";
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", "Divider: A to the left, B to the right");
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", "100");
    handle.hidden = true;
    matrix.place.after(handle);
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = matrix.place.getBoundingClientRect();
      this.move((event.clientX - box.left - matrix.margin.l) / matrix.size.width);
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.move(this.share + step);
    });
  }

  /** @param {boolean} shown */
  show(shown) {
    this.handle.hidden = !shown;
    if (shown) this.move(this.share);
  }

  /** @param {number} share of the plot's width, from its left */
  move(share) {
    this.share = Math.min(1, Math.max(0, share));
    const { place, size, margin } = this.matrix;
    const x = place.offsetLeft + margin.l + this.share * size.width;
    Object.assign(this.handle.style, { left: `${x}px`, top: `${place.offsetTop + margin.t}px`, height: `${size.height}px` });
    const percent = Math.round(100 * this.share);
    this.handle.setAttribute("aria-valuenow", String(percent));
    this.handle.setAttribute("aria-valuetext", `${percent} % A`);
    this.clip();
  }

  /** Cut B off to the left of the line; again after every drawing, which makes the picture anew. */
  clip() {
    const { over, view, place } = this.matrix;
    if (!over || this.handle.hidden) return;
    const line = view.left + this.share * (view.right - view.left);
    const cut = Math.min(1, Math.max(0, (line - over.left) / (over.right - over.left)));
    const pictures = place.querySelectorAll("image");
    const last = /** @type {SVGImageElement | undefined} */ (pictures[pictures.length - 1]);
    if (last) last.style.clipPath = `inset(0 0 0 ${100 * cut}%)`;
  }
}
