/** A picture of one's own: drawn, chosen, dropped or pasted; the server makes it what a spec holds, or says why not. */
import { at, formToken } from "../address.js";
import { paced } from "../hints.js";
import { Sheet } from "./sheet.js";

const MAX_BYTES = 10 * 2 ** 20;

/** @param {HTMLFormElement} form */
export function own(form) {
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("picture.upload.png"));
  const radio = /** @type {HTMLInputElement} */ (form.querySelector('[name="picture"][value="upload"]'));
  const card = /** @type {HTMLElement} */ (document.getElementById("studio"));
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("own"));
  const place = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild);
  const says = /** @type {HTMLElement} */ (place.querySelector(".says"));
  const input = /** @type {HTMLInputElement} */ (place.querySelector('[type="file"]'));
  const paste = /** @type {HTMLButtonElement} */ (place.querySelector(".paste"));
  let last = 0;
  let changes = 0;
  let sent = 0;

  /**
   * @param {string} words
   * @param {boolean} bad
   */
  const say = (words, bad = false) => {
    if (says.textContent !== words) says.textContent = words; // else it would be read aloud again
    says.classList.toggle("bad", bad);
  };

  /** @param {string} png */
  const keep = (png) => {
    field.value = png;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /**
   * Send a picture, and keep what comes back. The one before stays when it is refused.
   * @param {Blob} picture
   * @param {string} name
   * @returns {Promise<boolean>}
   */
  const send = async (picture, name) => {
    const mine = ++last;
    if (picture.size > MAX_BYTES) {
      say(`${name} has ${picture.size.toLocaleString("en")} bytes; at most ${MAX_BYTES.toLocaleString("en")} are allowed.`, true);
      return false;
    }
    const body = new FormData();
    body.append("picture", picture, name);
    try {
      const answer = await fetch(at("/api/v1/pictures"), { method: "POST", body, headers: { Accept: "application/json", ...formToken() } });
      const made = await answer.json();
      if (mine !== last) return false;
      if (!answer.ok) {
        const error = made.errors?.[0];
        say(error ? `${name} ${error.message}.` : made.detail, true);
        return false;
      }
      say(`${made.width}×${made.height}, ${made.two_level ? "two shades" : "shades of grey"}`);
      keep(made.png);
      return true;
    } catch {
      if (mine === last) say("The server refused the picture or cannot be reached.", true);
      return false;
    }
  };

  // While the pen moves, too: the weights are seen to change under it.
  const drawn = paced(async () => {
    const now = changes;
    if (sheet.inked) {
      await send(sheet.png(), "The drawing");
    } else {
      last += 1;
      say("");
      keep("");
    }
    sent = now;
  }, 120);
  const sheet = new Sheet(place, () => {
    changes += 1;
    drawn();
  });
  form.addEventListener("submit", async (event) => {
    if (!radio.checked || sent === changes) return;
    // What was drawn a moment ago is still on its way.
    event.preventDefault();
    while (sent !== changes) await new Promise((done) => setTimeout(done, 30));
    form.requestSubmit(event.submitter);
  });

  const show = async () => {
    const image = new Image();
    image.src = `data:image/png;base64,${field.value}`;
    try {
      await image.decode();
      sheet.show(image);
    } catch {
      // What the field holds is no picture: the field's own error says so.
    }
  };

  /** @param {File | Blob | null | undefined} file */
  const take = async (file) => {
    if (!radio.checked) {
      radio.checked = true;
      radio.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (!file) return say("That was not a picture: drop or paste a file.", true);
    const name = (file instanceof File && file.name) || "The picture";
    say(`Reading ${name} …`);
    if (await send(file, name)) await show();
  };

  input.addEventListener("change", () => {
    if (input.files?.length) take(input.files[0]);
    input.value = ""; // the same file may be chosen again
  });
  for (const name of ["dragenter", "dragover"]) card.addEventListener(name, (event) => { event.preventDefault(); card.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) card.addEventListener(name, () => card.classList.remove("over"));
  card.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer?.files[0]); });
  // A file that misses the place would replace the page.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (!file) return; // text goes where the caret is
    event.preventDefault();
    take(file);
  });
  paste.hidden = !navigator.clipboard?.read;
  paste.addEventListener("click", async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((each) => each.startsWith("image/"));
        if (type) return take(await item.getType(type));
      }
      say("The clipboard contains no picture.", true);
    } catch {
      say("The browser does not allow this page to read the clipboard; press Ctrl+V instead.", true);
    }
  });

  // From here on the panel fills the field, which stays in the form.
  const around = /** @type {HTMLElement} */ (field.closest(".field"));
  for (const part of around.querySelectorAll("label, .box, .help")) /** @type {HTMLElement} */ (part).hidden = true;
  around.prepend(place);
  if (field.value) show();
}
