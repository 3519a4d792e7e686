/** The first picture of a matrix, shown where its axes will be: the plotting library takes a quarter of a second to start. */

/** Wait until what the page shows now is painted. */
const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/**
 * Wait until the picture that came with the page is painted.
 * @param {HTMLElement} place
 * @returns {Promise<HTMLImageElement | null>} null where none came or it could not be loaded
 */
export async function firstOfPage(place) {
  const picture = /** @type {HTMLImageElement | null} */ (place.querySelector("picture .first"));
  if (!picture) return null;
  try {
    await picture.decode();
  } catch {
    dropFirst(place);
    return null;
  }
  await shown(place);
  return picture;
}

/**
 * Put a picture into a matrix that has not been drawn yet, and wait until it is painted.
 * @param {HTMLElement} place
 * @param {import("./server.js").Tile} tile
 */
export async function showFirst(place, tile) {
  const picture = new Image();
  picture.className = "first";
  picture.alt = "";
  picture.src = tile.source;
  await picture.decode();
  dropFirst(place);
  place.append(picture);
  await shown(place);
}

/** Take it away: the axes have the picture now. @param {HTMLElement} place */
export function dropFirst(place) {
  place.querySelector("picture, .first")?.remove();
}

/** @param {HTMLElement} place */
async function shown(place) {
  await painted();
  place.dataset.pictured = "1";
  // Whoever starts the library now holds up the page: the frame with the picture comes first.
  await painted();
}
