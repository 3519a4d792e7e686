/** Addresses of this server, which may be served below a path of another. */

/** @param {string} path from the root, such as `/runs/06f3k2m9qa` */
export const at = (path) => `${document.documentElement.dataset.root ?? ""}${path}`;
