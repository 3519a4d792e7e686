/** An SVG as a PNG of 300 dots per inch that says so: a word processor places it at its width in millimetres. */

const DPI = 300;

/** @param {import("./svg.js").Picture} picture @returns {Promise<Blob>} */
export async function png({ svg, mm, px }) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round((mm.width / 25.4) * DPI);
  canvas.height = Math.round((canvas.width * px.height) / px.width);
  const image = new Image(canvas.width, canvas.height);
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    image.src = address;
    await image.decode();
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(image, 0, 0, canvas.width, canvas.height);
  } finally {
    URL.revokeObjectURL(address);
  }
  /** @type {Blob} */
  const blob = await new Promise((done, fail) => canvas.toBlob((made) => (made ? done(made) : fail(new Error("The picture is too large."))), "image/png"));
  return withDensity(new Uint8Array(await blob.arrayBuffer()));
}

/** A PNG with a pHYs chunk behind its header. @param {Uint8Array} bytes */
function withDensity(bytes) {
  const chunk = new Uint8Array(21);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, 9);
  chunk.set(new TextEncoder().encode("pHYs"), 4);
  const perMetre = Math.round(DPI / 0.0254);
  view.setUint32(8, perMetre);
  view.setUint32(12, perMetre);
  chunk[16] = 1;
  view.setUint32(17, crc(chunk.subarray(4, 17)));
  const header = 33; // signature and IHDR
  return new Blob([bytes.slice(0, header), chunk, bytes.slice(header)], { type: "image/png" });
}

/** @param {Uint8Array} bytes */
function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
