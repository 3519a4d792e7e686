/** The first picture of a matrix, shown where its axes will be: the plotting library takes a quarter of a second to start. */

/**
 * Put a picture into a matrix that has not been drawn yet, and wait until it is painted.
 * @param {HTMLElement} place
 * @param {import("./server.js").Tile} tile
 * @param {{l: number, t: number}} margin of the axes, in pixels
 * @param {{width: number, height: number}} size of the picture, in pixels
 */
export async function showFirst(place, tile, margin, size) {
  const picture = new Image(size.width, size.height);
  picture.className = "first";
  picture.alt = "";
  picture.src = tile.source;
  Object.assign(picture.style, { left: `${margin.l}px`, top: `${margin.t}px` });
  await picture.decode();
  dropFirst(place);
  place.append(picture);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  place.dataset.pictured = "1";
}

/** Take it away: the axes have the picture now. @param {HTMLElement} place */
export function dropFirst(place) {
  place.querySelector("img.first")?.remove();
}
