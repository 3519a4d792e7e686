/** Files and folders that a reader chooses or drops. */

/** @typedef {{file: File, path: string}} Picked */

/** @param {FileList | null | undefined} chosen */
export function plain(chosen) {
  return [...(chosen ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/**
 * The files of what was dropped, folders walked through; names keep their folders.
 * @param {DataTransfer | null} dropped
 * @param {number} maxFiles
 */
async function walked(dropped, maxFiles) {
  const entries = [...(dropped?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.some((entry) => entry.isDirectory)) return plain(dropped?.files);
  /** @type {{file: File, path: string}[]} */
  const found = [];
  for (let entry = entries.pop(); entry && found.length <= maxFiles; entry = entries.pop()) {
    const one = entry;
    if (one.isFile) {
      const file = await /** @type {Promise<File>} */ (new Promise((done, failed) => /** @type {FileSystemFileEntry} */ (one).file(done, failed)));
      if (/\.(safetensors|json)$/.test(file.name)) found.push({ file, path: one.fullPath.replace(/^\//, "") });
    } else {
      const reader = /** @type {FileSystemDirectoryEntry} */ (one).createReader();
      for (;;) {
        const some = await /** @type {Promise<FileSystemEntry[]>} */ (new Promise((done, failed) => reader.readEntries(done, failed)));
        if (!some.length) break;
        entries.push(...some);
      }
    }
  }
  return found;
}

/**
 * Take what is dropped on `drop`, and let nothing that misses it replace the page.
 * @param {HTMLElement} drop
 * @param {number} maxFiles
 * @param {(files: Picked[]) => void} add
 */
export function follow(drop, maxFiles, add) {
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); const files = plain(event.dataTransfer?.files); void walked(event.dataTransfer, maxFiles).then(add, () => add(files)); });
  // A file that misses the place would replace the page.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
}
