/** Addresses of this server, which may be served below a path of another. */

/** @param {string} path from the root, such as `/runs/06f3k2m9qa` */
export const at = (path) => `${document.documentElement.dataset.root ?? ""}${path}`;

/** What a request of a script that changes or stores something carries, so that no other site can send it. */
export const formToken = () => ({ "X-CSRF-Token": document.documentElement.dataset.csrf ?? "" });
