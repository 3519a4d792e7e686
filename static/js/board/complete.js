/** Completion of a search: the fields that runs have, and the words that a field can be. A combobox with a list below. */

/**
 * What could stand at the cursor: the word there, from where it begins, and what would replace it.
 * @param {string} text @param {number} at @param {Record<string, string[]>} words
 * @returns {{begin: number, options: string[]}}
 */
export function proposals(text, at, words) {
  const before = /[^\s(),]*$/.exec(text.slice(0, at))?.[0] ?? "";
  const bare = before.replace(/^-/, "");
  const begin = at - bare.length;
  const named = /^(\w+)(:|!=|=)(.*)$/.exec(bare) ?? continued(text.slice(0, at));
  if (named) {
    const start = named[3].toLowerCase();
    const options = (words[named[1].toLowerCase()] ?? []).filter((word) => word.startsWith(start) && word !== start);
    return { begin: at - named[3].length, options };
  }
  if (!bare) return { begin, options: [] };
  const start = bare.toLowerCase();
  return { begin, options: Object.keys(words).filter((name) => name.startsWith(start)).map((name) => `${name}:`) };
}

/** After a comma the same field goes on: `state:failed,` @param {string} text */
function continued(text) {
  return /(?:^|[\s(-])(\w+)(:|!=|=)(?:[^\s()",]+,)+([^\s()",]*)$/.exec(text);
}

/** @param {HTMLInputElement} input */
export function complete(input) {
  const list = /** @type {HTMLElement} */ (document.getElementById(input.getAttribute("aria-controls") ?? ""));
  /** @type {Record<string, string[]>} */
  const words = JSON.parse(input.dataset.words ?? "{}");
  let begin = 0;
  let chosen = -1;
  const items = () => [...list.children];
  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = () => {
    items().forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
    if (chosen < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", items()[chosen].id);
      items()[chosen].scrollIntoView({ block: "nearest" });
    }
  };
  const open = () => {
    const found = proposals(input.value, input.selectionStart ?? input.value.length, words);
    begin = found.begin;
    list.replaceChildren(
      ...found.options.slice(0, 12).map((text, index) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${index}`;
        item.setAttribute("role", "option");
        item.textContent = text;
        return item;
      }),
    );
    if (!found.options.length) return close();
    chosen = -1;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark();
  };
  /** @param {string} text */
  const take = (text) => {
    const at = input.selectionStart ?? input.value.length;
    const rest = input.value.slice(at);
    const space = text.endsWith(":") || /^[\s,)]/.test(rest) ? "" : " ";
    input.setRangeText(text + space, begin, at, "end");
    open();
  };
  input.addEventListener("input", open);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const count = items().length;
    if (event.key === "ArrowDown") chosen = (chosen + 1) % count;
    else if (event.key === "ArrowUp") chosen = (chosen < 0 ? count : chosen) - 1;
    else if (event.key === "Escape") {
      event.preventDefault();
      return close();
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      return take(items()[chosen].textContent ?? "");
    } else return;
    event.preventDefault();
    if (chosen < 0) chosen = count - 1;
    mark();
  });
  // Before the field loses the focus, which would close the list.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = /** @type {HTMLElement} */ (event.target).closest("li");
    if (item) take(item.textContent ?? "");
  });
}
