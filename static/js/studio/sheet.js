/** A sheet to draw on: a pen, its size, a way back. What is drawn is black or white; a picture put on it stays grey. */

const SIDE = 256;
const STEPS = 20;

export class Sheet {
  /**
   * @param {HTMLElement} place
   * @param {() => void} onChange called as the pen moves, and after undo and clear
   */
  constructor(place, onChange) {
    this.place = place;
    this.onChange = onChange;
    this.canvas = /** @type {HTMLCanvasElement} */ (place.querySelector("canvas"));
    this.pen = /** @type {HTMLInputElement} */ (place.querySelector(".pen input"));
    this.undo = /** @type {HTMLButtonElement} */ (place.querySelector(".undo"));
    this.clear = /** @type {HTMLButtonElement} */ (place.querySelector(".clear"));
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { willReadFrequently: true }));
    /** @type {{pixels: ImageData, grey: boolean, inked: boolean}[]} */
    this.past = [];
    this.grey = false;
    this.inked = false;
    this.#blank();
    this.#listen();
  }

  #listen() {
    /** @type {{x: number, y: number} | null} */
    let last = null;
    const at = (/** @type {PointerEvent} */ event) => {
      const box = this.canvas.getBoundingClientRect();
      return { x: ((event.clientX - box.left) * SIDE) / box.width, y: ((event.clientY - box.top) * SIDE) / box.height };
    };
    const line = (/** @type {{x: number, y: number}} */ to) => {
      const from = last ?? to;
      this.context.lineWidth = Number(this.pen.value);
      this.context.beginPath();
      this.context.moveTo(from.x, from.y);
      this.context.lineTo(to.x + 0.01, to.y); // of no length it would leave no dot
      this.context.stroke();
      last = to;
      this.onChange();
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.#remember();
      this.#set(this.grey, true);
      line(at(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) line(at(each));
    });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => { last = null; });
    this.undo.addEventListener("click", () => {
      const before = this.past.pop();
      if (!before) return;
      this.context.putImageData(before.pixels, 0, 0);
      this.#set(before.grey, before.inked);
      this.onChange();
    });
    this.clear.addEventListener("click", () => {
      this.#remember();
      this.#blank();
      this.#set(false, false);
      this.onChange();
    });
  }

  /** Put a picture on the sheet, as large as it fits. @param {CanvasImageSource & {width: number, height: number}} picture */
  show(picture) {
    this.#remember();
    this.#blank();
    const scale = SIDE / Math.max(picture.width, picture.height);
    const [wide, high] = [picture.width * scale, picture.height * scale];
    this.context.drawImage(picture, (SIDE - wide) / 2, (SIDE - high) / 2, wide, high);
    this.#set(true, true);
  }

  /** The sheet as a PNG: a drawing has two shades, without the soft edges that a canvas gives it. @returns {Blob} */
  png() {
    const pixels = this.#pixels();
    if (!this.grey) {
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data.fill(pixels.data[i] < 128 ? 0 : 255, i, i + 3);
    }
    const copy = document.createElement("canvas");
    copy.width = copy.height = SIDE;
    /** @type {CanvasRenderingContext2D} */ (copy.getContext("2d")).putImageData(pixels, 0, 0);
    // At once: `toBlob` waits for the browser to be idle, up to a second.
    const bytes = atob(copy.toDataURL("image/png").split(",")[1]);
    return new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: "image/png" });
  }

  #pixels() {
    return this.context.getImageData(0, 0, SIDE, SIDE);
  }

  #blank() {
    this.context.fillStyle = "#fff";
    this.context.fillRect(0, 0, SIDE, SIDE);
    this.context.strokeStyle = "#000";
    this.context.lineCap = this.context.lineJoin = "round";
  }

  #remember() {
    this.past.push({ pixels: this.#pixels(), grey: this.grey, inked: this.inked });
    if (this.past.length > STEPS) this.past.shift();
  }

  /**
   * @param {boolean} grey
   * @param {boolean} inked
   */
  #set(grey, inked) {
    this.grey = grey;
    this.inked = inked;
    this.undo.disabled = !this.past.length;
    this.clear.disabled = !inked;
    this.place.classList.toggle("inked", inked);
  }
}
