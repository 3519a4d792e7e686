/** Make one piece of a page equal to a newer one in place: focus, open details and scrolling stay. */

/**
 * Change `now` until it equals `then`. Children are matched by id, else by place.
 * @param {Element} now
 * @param {Element} then
 */
export function morph(now, then) {
  if (now.isEqualNode(then) || answering(now, then)) return;
  const held = now instanceof HTMLElement ? now.dataset.held : undefined;
  if (held === "all") return;
  if (held === "rows") return still(now, then);
  attributes(now, then);
  const wanted = [...then.childNodes];
  wanted.forEach((node, index) => {
    const id = node instanceof Element ? node.id : "";
    const keyed = id ? [...now.children].find((child) => child.id === id) : undefined;
    if (keyed) clear(now.childNodes[index], keyed);
    const here = now.childNodes[index];
    const match = keyed ?? (here && alike(here, node) ? here : undefined);
    if (!match) {
      now.insertBefore(document.importNode(node, true), here ?? null);
      return;
    }
    if (match !== here) now.insertBefore(match, here ?? null);
    if (match instanceof Element && node instanceof Element) morph(match, node);
    else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
  });
  for (const node of [...now.childNodes].slice(wanted.length)) {
    if (!(node instanceof Element && node.hasAttribute("data-appended"))) node.remove();
  }
}

/**
 * Remove what stands before a child and has no id: to move the child instead would take its focus away.
 * @param {ChildNode} first
 * @param {Element} child
 */
function clear(first, child) {
  if (!(first.compareDocumentPosition(child) & Node.DOCUMENT_POSITION_FOLLOWING)) return;
  /** @type {ChildNode | null} */
  let next = first;
  while (next && next !== child) {
    /** @type {ChildNode} */
    const node = next;
    next = node.nextSibling;
    if (!(node instanceof Element && (node.id || node.hasAttribute("data-appended")))) node.remove();
  }
}

/**
 * Renew the rows that are there, where they are, and tell the page how many others there would be.
 * @param {Element} now
 * @param {Element} then
 */
function still(now, then) {
  let others = 0;
  for (const row of then.children) {
    const mine = document.getElementById(row.id);
    if (!mine) others += 1;
    else if (mine.parentElement === now) morph(mine, row);
  }
  document.dispatchEvent(new CustomEvent("held", { detail: others }));
}

/**
 * Whether a button says for a moment what a click on it has done, and would copy the same afterwards.
 * @param {Element} now
 * @param {Element} then
 */
function answering(now, then) {
  return now instanceof HTMLElement && now.dataset.said !== undefined && now.dataset.copy === then.getAttribute("data-copy");
}

/**
 * Whether a node can become the other: same kind, and neither is keyed by another id.
 * @param {Node} here
 * @param {Node} node
 */
function alike(here, node) {
  if (!(here instanceof Element) || !(node instanceof Element)) return here.nodeType === node.nodeType;
  return here.nodeName === node.nodeName && here.id === node.id;
}

/**
 * @param {Element} now
 * @param {Element} then
 */
function attributes(now, then) {
  for (const { name, value } of then.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  for (const { name } of [...now.attributes]) {
    if (!then.hasAttribute(name) && !(name === "open" && now instanceof HTMLDetailsElement)) now.removeAttribute(name);
  }
}
