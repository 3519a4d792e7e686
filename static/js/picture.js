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
    { ...words, text: above.map(escaped).join("<br>"), y: 1, yanchor: "top", yshift: margin.t - 8, font: { size: 15 } },
    { ...words, text: below.map(escaped).join("<br>"), y: 0, yanchor: "bottom", yshift: 4 - margin.b, font: { size: 11 } },
  ];
  return { ...layout, margin, annotations, height: layout.height + top + bottom };
}

/**
 * A layout with words below the plot, and room for them; none for an empty caption.
 * @param {any} layout @param {string} caption
 */
export function captioned(layout, caption) {
  if (!caption) return layout;
  const lines = broken(caption, layout.width / 5.6);
  const more = 14 * lines.length + 10;
  const margin = { ...layout.margin, b: layout.margin.b + more };
  const words = { showarrow: false, xref: "paper", yref: "paper", x: 0, align: "left", xanchor: "left", xshift: 12 - margin.l, text: lines.map(escaped).join("<br>"), y: 0, yanchor: "bottom", yshift: 4 - margin.b, font: { size: 10.5 } };
  return { ...layout, margin, annotations: [...(layout.annotations ?? []), words], height: layout.height + more };
}

/** Text that Plotly takes for no markup. @param {string} text */
function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
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
