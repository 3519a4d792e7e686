/** Points of a figure that lead to another view: a marker to the masks of its level, a cell to what differs. */

const COARSE = matchMedia("(pointer: coarse)").matches;
// A pointer this near to the middle of a marker, in pixels, is on it.
const REACH = 9;

/**
 * @typedef {{words: string, place: string, to: (point: any) => Record<string, string> | null}} Rule
 * `to` gives what changes in the address, null for a point that leads nowhere; `words` are for the tooltip, `place` for
 * a link that stands by itself.
 */

/** What points lead to, by figure. @type {Record<string, Rule>} */
export const RULES = {
  accuracy_vs_density: {
    words: "Click a marker to open its masks",
    place: "Open the masks of level ",
    to(point) {
      if (point.customdata === undefined) return null;
      const { role } = point.data.meta;
      return { level: String(point.customdata), control: role === "winning_ticket" || role === "dense" ? "" : `${role}:0` };
    },
  },
  overlap_matrix: {
    words: "Click the cell to see which weights differ",
    place: "Open what differs between the two tickets",
    to(point) {
      if (point.x === point.y) return null;
      const [run, replicate, level, control, draw] = String(point.y).split(":");
      return { run, replicate, level, control: control ? `${control}:${draw}` : "", other: String(point.x), mode: "difference" };
    },
  },
};

/** Makes the points of one plot lead where its rule says: by a click of a mouse, by a link after a tap. */
export class Leads {
  /** @param {HTMLElement} plot @param {Rule} rule */
  constructor(plot, rule) {
    this.plot = plot;
    this.rule = rule;
    /** @type {any[]} */
    this.near = [];
    this.touch = COARSE;
    this.link = document.createElement("a");
    this.link.className = "lead";
    this.link.hidden = true;
    // Under the plot: what a finger has just touched stays where it is.
    plot.after(this.link);
    plot.addEventListener("pointerdown", (event) => { this.touch = event.pointerType === "touch"; }, true);
    plot.addEventListener("mousemove", (event) => plot.classList.toggle("leads", !this.touch && this.under(event) !== null));
  }

  /** Say in the tooltip what a click does, where there is something to click with. @param {{data: any[], layout: any}} figure */
  explain({ data, layout }) {
    if (COARSE) return;
    const title = layout.xaxis?.unifiedhovertitle;
    if (title) title.text += `<br>${this.rule.words}`;
    else for (const trace of data) if (trace.hovertemplate) trace.hovertemplate = trace.hovertemplate.replace(/(<extra>.*)?$/, `<br>${this.rule.words}$1`);
  }

  /** @param {import("./plotly.js").PlotElement} plot */
  watch(plot) {
    plot.on("plotly_hover", (event) => { this.near = event.points; });
    plot.on("plotly_unhover", () => {
      this.near = [];
      this.plot.classList.remove("leads");
    });
    plot.on("plotly_click", (event) => {
      this.near = event.points;
      const point = this.under(event.event);
      const changes = point && this.rule.to(point);
      if (!changes) return;
      const there = this.address(changes);
      if (!this.touch) location.href = there;
      else {
        this.link.href = there;
        this.link.textContent = this.rule.place + (this.rule.place.endsWith(" ") ? changes.level : "");
        this.link.hidden = false;
      }
    });
  }

  /** The point under the pointer that leads somewhere. @param {MouseEvent} event */
  under(event) {
    const box = this.plot.getBoundingClientRect();
    const reach = this.touch ? 3 * REACH : REACH;
    let best = null;
    for (const point of this.near) {
      if (!this.rule.to(point)) continue;
      if (point.data.type === "heatmap") return point;
      const [x, y] = [point.xaxis._offset + point.xaxis.d2p(point.x), point.yaxis._offset + point.yaxis.d2p(point.y)];
      const far = Math.hypot(event.clientX - box.left - x, event.clientY - box.top - y);
      if (far <= reach && (!best || far < best.far)) best = { point, far };
    }
    return best?.point ?? null;
  }

  /** Address of the masks with these changes. @param {Record<string, string>} changes */
  address({ run, ...changes }) {
    const there = new URL(location.href);
    if (run) there.pathname = there.pathname.replace(/[^/]*$/, run);
    for (const [name, value] of Object.entries({ tab: "masks", ...changes })) value ? there.searchParams.set(name, value) : there.searchParams.delete(name);
    return there.href;
  }
}
