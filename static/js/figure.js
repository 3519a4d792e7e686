/** One figure card: drawn when it is about to be seen, renewed in place, so that a zoom made by the reader survives. */
import { Refused, figure } from "./api.js";
import { unzoomed, whole, zoomed } from "./axes.js";
import { paced } from "./hints.js";
import { look, options } from "./export/options.js";
import { placed, tagged } from "./labels.js";
import { Leads, RULES } from "./leads.js";
import { logarithmic } from "./logarithmic.js";
import { following } from "./newest.js";
import { plotly } from "./plotly.js";
import { recolor } from "./recolor.js";
import { explain } from "./terms.js";
import { folded, thinned } from "./ticks.js";
import { onTheme } from "./theme.js";

// A finger scrolls the page; a mouse drags a zoom.
const COARSE = matchMedia("(pointer: coarse)").matches;
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "reset", scrollZoom: false, showTips: false };

/** Words in place of axes that hold nothing. @param {any} layout @param {boolean} live @param {number} width */
function bare(layout, live, width) {
  for (const key of Object.keys(layout)) if (/^[xy]axis\d*$/.test(key)) layout[key].visible = false;
  layout.shapes = [];
  const place = live ? { text: "Drawn as soon as there is enough: see the sentence above.", x: 0.5, xanchor: "center" }
    : { text: "Nothing is drawn: the sentence above gives the reason.", x: 0, xanchor: "left", xshift: -layout.margin.l };
  // On a phone the sentence has two lines.
  if (width < 340) place.text = place.text.replace(": ", ":<br>");
  layout.annotations = [{ ...place, align: place.xanchor, name: "soft", showarrow: false, xref: "paper", yref: "paper", y: 0.5, yanchor: "middle", font: {} }];
  layout.margin = live ? { l: 4, r: 4, t: 4, b: 4 } : { ...layout.margin, t: 4, b: 4 };
}

export class FigureCard {
  /** @param {HTMLElement} card */
  constructor(card) {
    this.card = card;
    this.name = card.dataset.figure ?? "";
    this.touches = new Set((card.dataset.touches ?? "").split(" "));
    this.defaults = new URLSearchParams(card.dataset.defaults);
    this.log = card.dataset.log ?? "";
    this.plot = /** @type {HTMLElement} */ (card.querySelector(".plot"));
    this.reset = /** @type {HTMLElement} */ (card.querySelector(".reset"));
    this.axis = /** @type {HTMLElement} */ (card.querySelector(".axis"));
    const rule = RULES[this.name];
    this.leads = rule ? new Leads(this.plot, rule) : null;
    /** @type {import("./api.js").Figure | null} */
    this.drawn = null;
    /** The y range that holds everything, of an axis that is cut. @type {[number, number] | null} */
    this.whole = null;
    this.full = false;
    /** The layout before the reader zooms. @type {any} */
    this.home = null;
    this.seen = false;
    this.stale = true;
    /** @type {AbortController | null} */
    this.asking = null;
    this.renew = paced(() => this.load(), 450);
    this.pick = paced(() => this.load(), 60); // a slider under a finger must not wait for the pace of news
    new IntersectionObserver((entries) => this.look(entries.some((entry) => entry.isIntersecting)), { rootMargin: "300px" }).observe(card);
    new ResizeObserver(() => this.resize()).observe(this.plot);
    onTheme(() => this.drawn && this.draw(structuredClone(this.drawn)));
    this.reset.addEventListener("click", () => this.unzoom());
    this.axis.addEventListener("click", () => {
      this.full = !this.full;
      if (this.drawn) this.draw(structuredClone(this.drawn));
    });
    for (const button of card.querySelectorAll("button[data-export]")) {
      button.addEventListener("click", async () => {
        if (!this.drawn) return;
        const { save } = await import("./export/save.js");
        await save(this, /** @type {HTMLElement} */ (button).dataset.export ?? "png");
      });
    }
    for (const form of card.querySelectorAll("form.controls")) {
      form.addEventListener("input", () => this.choose());
      form.addEventListener("submit", (event) => event.preventDefault());
    }
    options(/** @type {HTMLElement} */ (card.querySelector(".export-options")), () => this.describe());
    this.describe();
  }

  /** What is chosen in this card's controls. */
  get chosen() {
    const query = new URLSearchParams();
    for (const form of this.card.querySelectorAll("form.controls")) {
      for (const [name, value] of new FormData(/** @type {HTMLFormElement} */ (form))) if (name !== "tab" && value) query.set(name, String(value));
    }
    return query;
  }

  /** The part of it that the server draws by; logarithms are taken here. */
  get options() {
    const query = this.chosen;
    query.delete(this.log);
    return query;
  }

  /** Name of its file: with the options that are not as they are by default, as app/web/run/cards.py has it. */
  get file() {
    // The address of a published page is a secret.
    const published = /** @type {HTMLElement | null} */ (document.querySelector("[data-published]"))?.dataset.published;
    const parts = [published ?? location.pathname.split("/").pop(), this.name];
    for (const [name, value] of this.chosen) {
      if (value === (this.defaults.get(name) ?? "")) continue;
      parts.push(name === this.log ? "log" : /^\d+$/.test(value) ? name + value : value.length <= 40 ? value : name);
    }
    return parts.join("-").replace(/[^\w.-]/g, "_");
  }

  /** @param {boolean} visible */
  look(visible) {
    this.seen = visible;
    if (visible && this.stale) this.renew();
  }

  /**
   * Something of the run is new; fetch again if this figure is drawn from it, now or when it is seen.
   * @param {Iterable<string>} touched
   */
  hint(touched) {
    if ([...touched].some((name) => this.touches.has(name))) this.outdate();
  }

  /** What is drawn may be old. */
  outdate() {
    this.stale = true;
    if (this.seen) this.renew();
  }

  /** The reader has chosen other options: they go into the address, which is what Share view copies. */
  choose() {
    const here = new URL(location.href);
    for (const input of this.card.querySelectorAll("form.controls input, form.controls select")) here.searchParams.delete(/** @type {HTMLInputElement} */ (input).name);
    const tab = /** @type {HTMLInputElement} */ (this.card.querySelector("form.controls input[name=tab]")).value;
    if (tab) here.searchParams.set("tab", tab);
    for (const [name, value] of this.chosen) if (name !== "level" || !following()) here.searchParams.set(name, value);
    history.replaceState(null, "", here);
    document.dispatchEvent(new CustomEvent("chosen", { detail: this }));
    this.describe();
    this.asking?.abort();
    this.pick();
  }

  /**
   * Another part of the page has chosen an option of this figure too.
   * @param {string} name @param {string} value
   */
  set(name, value) {
    const input = /** @type {HTMLInputElement | null} */ (this.card.querySelector(`form.controls [name="${name}"]`));
    if (!input || input.value === value) return;
    input.value = value;
    this.describe();
    this.outdate();
  }

  /** Words beside a slider and the address of the data. */
  describe() {
    for (const slider of this.card.querySelectorAll('input[type="range"]')) {
      const input = /** @type {HTMLInputElement} */ (slider);
      const words = (input.value === "0" && input.dataset.zero) || `${input.value} of ${input.max}`;
      input.setAttribute("aria-valuetext", `${input.name} ${words}`);
      const output = input.parentElement?.querySelector("output");
      if (output) output.textContent = words;
    }
    const csv = /** @type {HTMLAnchorElement | null} */ (this.card.querySelector('a[data-export="csv"]'));
    if (csv) csv.href = `${this.card.dataset.src}?${new URLSearchParams([...this.options, ["format", "csv"], ...(look().bom ? [["bom", "1"]] : [])])}`;
  }

  async load() {
    // A card that is not shown stays stale until it is.
    if (!this.card.offsetParent) return;
    this.stale = false;
    const asking = (this.asking = new AbortController());
    const query = this.options.toString();
    try {
      const [made] = await Promise.all([figure(`${this.card.dataset.src}${query ? `?${query}` : ""}`, asking.signal), plotly()]);
      if (asking !== this.asking) return;
      this.drawn = made;
      await this.draw(structuredClone(made));
    } catch (error) {
      if (asking.signal.aborted) return;
      this.stale = true;
      if (error instanceof Refused) await this.refuse(error.message);
      else if (!this.drawn) this.say(`The figure could not be loaded: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {import("./api.js").Figure} made */
  async draw(made) {
    const library = await plotly();
    this.tell(made.layout.meta);
    tagged(made.layout);
    // While a run may still fill it, a figure keeps its room.
    const [blank, live] = [made.layout.meta.blank === true, this.card.closest(".live") !== null];
    this.card.classList.toggle("blank", blank && !live);
    this.card.classList.toggle("awaited", blank && live);
    if (blank) bare(made.layout, live, this.plot.clientWidth);
    recolor(made);
    if (this.chosen.has(this.log)) logarithmic(made);
    this.whole = whole(made);
    this.full &&= this.whole !== null;
    // A new name makes Plotly forget the zoom into the other range.
    if (this.full) Object.assign(made.layout.yaxis, { range: this.whole, uirevision: "full" });
    this.leads?.explain(made);
    this.home = structuredClone(made.layout);
    const { width, height } = this.plot.getBoundingClientRect();
    thinned(made.layout, width);
    folded(made.layout, width);
    placed(made, width, height);
    const layout = { ...made.layout, width, height, autosize: false, dragmode: COARSE ? false : made.layout.dragmode };
    const first = !this.plot.classList.contains("js-plotly-plot");
    const place = await library.react(this.plot, made.data, layout, CONFIG);
    if (first) {
      place.on("plotly_relayout", () => this.mark());
      this.leads?.watch(place);
    }
    this.mark();
  }

  /** Title, finding and foot, from the figure itself. @param {import("./api.js").Meta} meta */
  tell(meta) {
    const title = this.card.querySelector("h2");
    if (title && title.textContent !== meta.title) title.textContent = meta.title;
    const find = this.card.querySelector(".find");
    const parts = meta.finding.map(({ text, role }) => {
      if (!role) return document.createTextNode(text);
      const number = document.createElement("span");
      number.className = `b num b-${role}`;
      number.textContent = text;
      return number;
    });
    const before = find?.textContent;
    if (find && before !== parts.map((part) => part.textContent).join("")) {
      find.replaceChildren(...parts);
      explain(find);
    }
    const foot = this.card.querySelector(".foot .say");
    if (foot && foot.textContent !== meta.foot) {
      foot.textContent = meta.foot;
      explain(foot);
    }
  }

  /** Show the ways back and to the whole axis where there are any. */
  mark() {
    const moved = zoomed(/** @type {any} */ (this.plot).layout ?? {}, this.home);
    this.reset.classList.toggle("zoomed", moved);
    this.reset.tabIndex = moved ? 0 : -1;
    this.axis.classList.toggle("cut", this.whole !== null);
    this.axis.tabIndex = this.whole ? 0 : -1;
    this.axis.setAttribute("aria-pressed", String(this.full));
  }

  async unzoom() {
    await (await plotly()).relayout(this.plot, unzoomed(this.home));
    this.mark();
  }

  resize() {
    if (!this.plot.classList.contains("js-plotly-plot")) return;
    const { width, height } = this.plot.getBoundingClientRect();
    const layout = /** @type {any} */ (this.plot).layout;
    // Ticks, titles and labels are placed for the size.
    if (width && this.drawn && (Math.abs(layout.width - width) > 1 || Math.abs(layout.height - height) > 1)) this.draw(structuredClone(this.drawn));
  }

  /** Say why there is no figure; one of other options is not left in its place. @param {string} words */
  async refuse(words) {
    this.drawn = null;
    if (this.plot.classList.contains("js-plotly-plot")) (await plotly()).purge(this.plot);
    // The next figure here is a first one again.
    this.plot.classList.remove("js-plotly-plot");
    const sentence = `${words[0].toUpperCase()}${words.slice(1)}.`;
    this.tell({ title: this.card.querySelector("h2")?.textContent ?? "", finding: [{ text: sentence }], foot: "", n: 0 });
    this.say("Nothing is drawn: the sentence above gives the reason.");
  }

  /** @param {string} words */
  say(words) {
    const waiting = this.plot.querySelector(".waiting");
    if (waiting) waiting.textContent = words;
  }
}
