/** A text field that searches while one types and offers what it finds: arrow keys, Enter and Escape, or a pointer. */

/** @typedef {{value: string, name: string, about: string}} Option */

const PAUSE_MS = 150;
let made = 0;

export class Combobox {
  /**
   * @param {string} label
   * @param {(words: string, signal: AbortSignal) => Promise<Option[]>} search
   * @param {(option: Option) => void} chosen
   */
  constructor(label, search, chosen) {
    this.search = search;
    this.chosen = chosen;
    /** @type {Option[]} */
    this.options = [];
    this.active = -1;
    this.asking = new AbortController();
    const id = `options-${(made += 1)}`;
    const input = (this.input = document.createElement("input"));
    Object.assign(input, { type: "text", placeholder: "Run by name or id", autocomplete: "off", spellcheck: false });
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", id], ["aria-label", label]]) input.setAttribute(name, value);
    const list = (this.list = document.createElement("ul"));
    Object.assign(list, { id, hidden: true, className: "options" });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", label);
    const say = (this.say = document.createElement("span"));
    say.className = "visually-hidden";
    say.setAttribute("role", "status");
    this.element = document.createElement("div");
    this.element.className = "combobox";
    this.element.append(input, list, say);

    this.timer = 0;
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), PAUSE_MS);
    });
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("focus", () => this.ask());
    input.addEventListener("click", () => { if (list.hidden) this.ask(); });
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.key(event));
    // A press would take the focus away before the click arrives.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const item = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (item) this.take([...list.children].indexOf(item));
    });
  }

  async ask() {
    this.asking.abort();
    const asking = (this.asking = new AbortController());
    const found = await this.search(this.input.value.trim(), asking.signal).catch(() => null);
    if (!found || asking.signal.aborted || document.activeElement !== this.input) return;
    this.options = found;
    this.list.replaceChildren(...found.map((option, place) => {
      const item = document.createElement("li");
      item.id = `${this.list.id}-${place}`;
      item.setAttribute("role", "option");
      const about = document.createElement("span");
      about.className = "faint num";
      about.textContent = option.about;
      item.append(option.name, " ", about);
      return item;
    }));
    if (!found.length) {
      const none = document.createElement("li");
      none.className = "faint";
      none.textContent = "No run with masks has that name or id.";
      this.list.append(none);
    }
    this.say.textContent = found.length ? `${found.length} run${found.length === 1 ? "" : "s"}` : "No run found";
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(-1);
  }

  close() {
    clearTimeout(this.timer);
    this.asking.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  }

  /** @param {number} place */
  mark(place) {
    this.active = place;
    [...this.list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === place)));
    if (place < 0) this.input.removeAttribute("aria-activedescendant");
    else {
      this.input.setAttribute("aria-activedescendant", `${this.list.id}-${place}`);
      this.list.children[place]?.scrollIntoView({ block: "nearest" });
    }
  }

  /** @param {number} place */
  take(place) {
    const option = this.options[place];
    if (!option) return;
    this.input.value = "";
    this.close();
    this.chosen(option);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const many = this.options.length;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter") this.take(this.active >= 0 ? this.active : many === 1 ? 0 : -1);
    else if (event.key === "ArrowDown" && this.list.hidden) this.ask();
    else if (event.key === "ArrowDown") this.mark((this.active + 1) % Math.max(many, 1));
    else if (event.key === "ArrowUp") this.mark((this.active - 1 + many) % Math.max(many, 1));
    else return;
    event.preventDefault();
  }
}
