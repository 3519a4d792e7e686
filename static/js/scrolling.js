/** Regions that are wider than their place: a keyboard can scroll them, and they say what they are. */

const watched = new ResizeObserver((entries) => { for (const { target } of entries) mark(/** @type {HTMLElement} */ (target.closest(".wide"))); });
/** @type {WeakSet<Element>} */
const known = new WeakSet();

/** @param {HTMLElement | null} place */
function mark(place) {
  if (!place) return;
  const over = place.scrollWidth > place.clientWidth + 1;
  place.classList.toggle("over", over);
  if (!over) {
    for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
    return;
  }
  place.tabIndex = 0;
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", place.querySelector("caption")?.textContent ?? "Table");
}

/** Watch every such region of the page, also those that come later. */
export function scrolling() {
  const look = () => {
    for (const place of document.querySelectorAll(".wide")) {
      for (const each of [place, ...place.children]) {
        if (known.has(each)) continue;
        known.add(each);
        watched.observe(each);
      }
      mark(/** @type {HTMLElement} */ (place));
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}
