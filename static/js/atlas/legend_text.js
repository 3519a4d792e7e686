/** The words under a picture of weights. */

/**
 * What the picture shows, and how many weights.
 * @param {import("./matrix.js").Matrix} matrix
 * @param {import("./server.js").Tile} tile the one it shows
 * @param {boolean} two whether there is a second picture on the same scale
 */
export function legendText(matrix, tile, two) {
  const { color } = matrix.look;
  const pixel = matrix.single ? "Each cell is one weight" : `Each pixel represents ${tile.high}×${tile.wide} weights and shows ${tile.legend.one_of_many}; it is coloured if at least one weight is kept`;
  const kept = ["level", "replicates"].includes(tile.legend.kind === "levels" ? "level" : color) ? "" : ` ${tile.kept.toLocaleString("en-US")} of ${matrix.weights.toLocaleString("en-US")} weights in view ${color === "difference" ? "kept by A or B" : "kept"}.`;
  const scale = two && !["mask", "flips"].includes(color) ? " One scale for A and B." : "";
  return `Colour: ${matrix.legend.kind === "mask" ? "kept or pruned" : tile.legend.title}. ${pixel}.${scale}${kept}`;
}
