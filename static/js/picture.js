/** A figure as a picture of its own: what its card says around it comes along. */

/**
 * A layout for a picture that leaves its card: the title above, the foot below, and room for both.
 * @param {any} layout
 */
export function titled(layout) {
  const { title, foot } = /** @type {import("./api.js").Meta} */ (layout.meta);
  const [above, below] = [broken(title, layout.width / 8), broken(foot, layout.width / 6)];
  const [top, bottom] = [20 * above.length + 10, 15 * below.length + 6];
  const margin = { ...layout.margin, t: layout.margin.t + top, b: layout.margin.b + bottom };
  const words = { showarrow: false, xref: "paper", yref: "paper", x: 0, align: "left", xanchor: "left", xshift: 12 - margin.l };
  const annotations = [
    ...(layout.annotations ?? []),
    { ...words, text: above.join("<br>"), y: 1, yanchor: "top", yshift: margin.t - 8, font: { size: 15 } },
    { ...words, text: below.join("<br>"), y: 0, yanchor: "bottom", yshift: 4 - margin.b, font: { size: 11 } },
  ];
  return { ...layout, margin, annotations, height: layout.height + top + bottom };
}

/**
 * Text in lines of at most about `room` characters.
 * @param {string} text
 * @param {number} room
 */
function broken(text, room) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line && line.length + word.length >= room) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}
