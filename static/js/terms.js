/**
 * Terms of the glossary: their meaning beside them while they are pointed at, focused or tapped.
 * The server marks those of a page; sentences that a script writes are marked here, by the same list.
 */
import { at } from "./address.js";

/** @type {HTMLElement | null} */
let bubble = null;
/** @type {HTMLElement | null} */
let shown = null;
// When the bubble came, and for how long a scroll still belongs to that.
let shownAt = 0;
const SETTLES_MS = 300;

/** @type {{words: RegExp, anchors: Map<string, string>} | null} */
let known = null;

/** The terms that the page knows: its paragraphs with their meanings name them. */
function terms() {
  if (known) return known;
  /** @type {Map<string, string>} */
  const anchors = new Map();
  for (const text of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#meanings p"))) {
    for (const word of (text.dataset.words ?? "").split(",")) anchors.set(word.toLowerCase(), text.id);
  }
  const words = [...anchors.keys()].sort((a, b) => b.length - a.length);
  known = { words: new RegExp(`(?<![\\w/.-])(${words.join("|")})(s?)(?![\\w-])`, "i"), anchors };
  return known;
}

/**
 * Mark the first use of each term in a sentence that has just been written.
 * @param {Element} sentence
 */
export function explain(sentence) {
  const { words, anchors } = terms();
  if (!anchors.size) return;
  /** @type {Set<string>} */
  const used = new Set();
  const walker = document.createTreeWalker(sentence, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (let text of texts) {
    if (text.parentElement?.closest("a, button, label")) continue;
    let from = 0;
    for (let found = words.exec(text.data); found; found = words.exec(text.data.slice(from))) {
      const anchor = anchors.get(found[1].toLowerCase()) ?? "";
      const start = from + found.index;
      if (used.has(anchor)) {
        from = start + found[0].length;
        continue;
      }
      used.add(anchor);
      const word = text.splitText(start);
      text = word.splitText(found[0].length);
      from = 0;
      const link = document.createElement("a");
      link.className = "term";
      link.href = at(`/glossary#row-${anchor}`);
      link.setAttribute("aria-describedby", anchor);
      word.replaceWith(link);
      link.append(word);
    }
  }
}

/** @param {HTMLElement} term */
function show(term) {
  if (shown === term) return;
  const text = document.getElementById(term.getAttribute("aria-describedby") ?? "")?.textContent;
  if (!text) return;
  if (!bubble) {
    bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.setAttribute("aria-hidden", "true"); // a reader that speaks has the description already
    document.body.append(bubble);
  }
  bubble.textContent = text;
  bubble.hidden = false;
  shown = term;
  shownAt = performance.now();
  place(term, bubble);
}

/** @param {HTMLElement} term @param {HTMLElement} bubble */
function place(term, bubble) {
  const [box, own] = [term.getClientRects()[0] ?? term.getBoundingClientRect(), bubble.getBoundingClientRect()];
  const left = Math.max(8, Math.min(box.left, document.body.getBoundingClientRect().right - own.width - 8));
  const below = box.bottom + 6 + own.height <= innerHeight;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - own.height - 6)}px`;
}

function hide() {
  if (bubble) bubble.hidden = true;
  shown = null;
}

/** @param {Event} event */
function termOf(event) {
  return event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("a.term")) : null;
}

let touched = false;
document.addEventListener("pointerover", (event) => {
  const term = termOf(event);
  if (event.pointerType !== "mouse") return;
  if (term) show(term);
  else if (shown !== document.activeElement && !(event.target instanceof Element && event.target.closest(".bubble"))) hide();
});
document.addEventListener("focusin", (event) => {
  const term = termOf(event);
  if (term) show(term);
  else hide();
});
document.addEventListener("pointerdown", (event) => {
  touched = event.pointerType !== "mouse";
  if (!termOf(event)) hide();
});
// A tap explains; a click, as there is a pointer to hover with, goes to the glossary.
document.addEventListener("click", (event) => {
  const term = termOf(event);
  if (!term || !touched) return;
  event.preventDefault();
  show(term);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && shown) hide();
});
// Whoever brings a term into view scrolls to it: the bubble stays with it then, and goes when the reader scrolls on.
addEventListener("scroll", () => {
  if (shown && bubble && performance.now() - shownAt < SETTLES_MS) place(shown, bubble);
  else hide();
}, { capture: true, passive: true });
