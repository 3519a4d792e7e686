/** Make one piece of a page equal to a newer one in place: focus, open details and scrolling stay. */

/**
 * Change `now` until it equals `then`. Children are matched by id, else by place.
 * @param {Element} now
 * @param {Element} then
 */
export function morph(now, then) {
  if (now.isEqualNode(then) || answering(now, then)) return;
  attributes(now, then);
  const wanted = [...then.childNodes];
  wanted.forEach((node, index) => {
    const id = node instanceof Element ? node.id : "";
    const keyed = id ? [...now.children].find((child) => child.id === id) : undefined;
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
  while (now.childNodes.length > wanted.length) now.lastChild?.remove();
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
